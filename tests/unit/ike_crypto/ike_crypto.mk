# SPDX-License-Identifier: Apache-2.0
# Cryptography of the IKE agent: key derivation, protection of messages, Diffie-Hellman, identities, certificates, AUTH.
define ike_crypto_test
$(eval $(call c_test,ike_$(1),tests/unit/ike_crypto/test_$(1).c tests/unit/ike_crypto/vec.c $(2),$(IKE_LIBS),-lcrypto))
endef
$(call ike_crypto_test,kdf)
$(call ike_crypto_test,cipher)
$(call ike_crypto_test,dh)
$(call ike_crypto_test,cert)
$(call ike_crypto_test,identity)
$(call ike_crypto_test,auth)
