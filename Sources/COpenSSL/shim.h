// What Swift cannot import from libcrypto: macros, and a password callback that never asks a terminal.
#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

/// A password by address and length; `asked` is set when the library wanted one.
struct copenssl_password {
    const unsigned char *bytes;
    int length;
    int given;
    int asked;
};

/// pem_password_cb(3): hands the given password over, else refuses. Without a callback libcrypto asks the terminal.
static inline int copenssl_password_callback(char *buffer, int size, int writing, void *context) {
    struct copenssl_password *password = (struct copenssl_password *)context;
    (void)writing;
    if (password == NULL) return -1;
    password->asked = 1;
    if (!password->given || password->length > size) return -1;
    if (password->length > 0) memcpy(buffer, password->bytes, (size_t)password->length);
    return password->length;
}

static inline EVP_PKEY *copenssl_read_private_key(BIO *source, struct copenssl_password *password) {
    return PEM_read_bio_PrivateKey(source, NULL, copenssl_password_callback, password);
}

static inline long copenssl_bio_bytes(BIO *bio, const char **bytes) { return BIO_get_mem_data(bio, bytes); }

static inline int copenssl_certificates_count(const STACK_OF(X509) * stack) { return sk_X509_num(stack); }
static inline X509 *copenssl_certificates_at(const STACK_OF(X509) * stack, int index) {
    return sk_X509_value(stack, index);
}
static inline STACK_OF(X509) * copenssl_certificates_new(void) { return sk_X509_new_null(); }
static inline int copenssl_certificates_push(STACK_OF(X509) * stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}
static inline void copenssl_certificates_free(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }

static inline void copenssl_free(void *memory) { OPENSSL_free(memory); }
static inline void copenssl_clear_free(void *memory, size_t length) { OPENSSL_clear_free(memory, length); }

static inline int copenssl_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

/// Makes a public key of parameters; NULL for numbers or a point that are no key. Frees the builder.
static inline EVP_PKEY *copenssl_public_key(const char *type, OSSL_PARAM_BLD *builder) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (parameters != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

/// An RSA key of modulus and exponent, big-endian. The builder keeps pointers to names and numbers, so that all of
/// its life is in here.
static inline EVP_PKEY *copenssl_rsa_public_key(const unsigned char *modulus, int modulus_length,
                                                const unsigned char *exponent, int exponent_length) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus, modulus_length, NULL);
    BIGNUM *e = BN_bin2bn(exponent, exponent_length, NULL);
    if (builder != NULL && n != NULL && e != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = copenssl_public_key("RSA", builder);
    else
        OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

/// An elliptic key of a group's name and an uncompressed point.
static inline EVP_PKEY *copenssl_elliptic_public_key(const char *group, const unsigned char *point, size_t length) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder != NULL && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, length) == 1)
        return copenssl_public_key("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return NULL;
}

static inline int copenssl_is_rsa(const EVP_PKEY *key) { return EVP_PKEY_is_a(key, "RSA"); }

/// RSASSA-PSS as RFC 7518 (3.5) has it: MGF1 with the same digest, a salt as long as the digest.
static inline int copenssl_use_pss(EVP_PKEY_CTX *context) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/// Reads a PFX that will take its algorithms from `context`; NULL for bytes that are none.
static inline PKCS12 *copenssl_read_pfx(BIO *source, OSSL_LIB_CTX *context) {
    PKCS12 *pfx = PKCS12_init_ex(NID_pkcs7_data, context, NULL);
    // A failed decoding has freed the object and cleared the pointer; a failed reading has not.
    if (pfx != NULL && d2i_PKCS12_bio(source, &pfx) == NULL) {
        PKCS12_free(pfx);
        return NULL;
    }
    return pfx;
}

/// Rounds of PBKDF2 and of the MAC, as `openssl pkcs12 -export` has them.
#define COPENSSL_PFX_ROUNDS 2048

/// Creates a PFX by AES-256-CBC and PBKDF2, with a MAC by SHA-256 (RFC 7292, RFC 8018).
static inline PKCS12 *copenssl_make_pfx(const unsigned char *password, EVP_PKEY *key, X509 *leaf,
                                        STACK_OF(X509) * others) {
    PKCS12 *pfx = PKCS12_create((const char *)password, NULL, key, leaf, others, NID_aes_256_cbc, NID_aes_256_cbc,
                                COPENSSL_PFX_ROUNDS, -1, 0);
    if (pfx != NULL &&
        PKCS12_set_mac(pfx, (const char *)password, -1, NULL, 0, COPENSSL_PFX_ROUNDS, EVP_sha256()) == 1)
        return pfx;
    PKCS12_free(pfx);
    return NULL;
}

/// Creates a PFX of certificates that Java trusts: each has Oracle's attribute "trusted key usage" with any usage
/// (JDK, sun.security.pkcs12.PKCS12KeyStore), and a name.
static inline PKCS12 *copenssl_make_truststore(const unsigned char *password, STACK_OF(X509) * certificates) {
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    STACK_OF(PKCS7) *safes = NULL;
    PKCS12 *pfx = NULL;
    ASN1_OBJECT *any = OBJ_txt2obj("2.5.29.37.0", 1);
    int made = any != NULL;
    for (int index = 0; made && index < sk_X509_num(certificates); index++) {
        char name[16];
        BIO_snprintf(name, sizeof name, "%d", index);
        PKCS12_SAFEBAG *bag = PKCS12_add_cert(&bags, sk_X509_value(certificates, index));
        made = bag != NULL && PKCS12_add_friendlyname_utf8(bag, name, -1) == 1 &&
               PKCS12_add1_attr_by_txt(bag, "2.16.840.1.113894.746875.1.1", V_ASN1_OBJECT,
                                       (const unsigned char *)any, -1) == 1;
    }
    if (made && PKCS12_add_safe(&safes, bags, NID_aes_256_cbc, COPENSSL_PFX_ROUNDS, (const char *)password) == 1)
        pfx = PKCS12_add_safes(safes, 0);
    if (pfx != NULL &&
        PKCS12_set_mac(pfx, (const char *)password, -1, NULL, 0, COPENSSL_PFX_ROUNDS, EVP_sha256()) != 1) {
        PKCS12_free(pfx);
        pfx = NULL;
    }
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    ASN1_OBJECT_free(any);
    return pfx;
}

static inline int copenssl_parse_pfx(PKCS12 *pfx, const unsigned char *password, EVP_PKEY **key, X509 **leaf,
                                     STACK_OF(X509) * *others) {
    return PKCS12_parse(pfx, (const char *)password, key, leaf, others);
}
