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

/// Creates a PFX with the library's default algorithms.
static inline PKCS12 *copenssl_make_pfx(const unsigned char *password, EVP_PKEY *key, X509 *leaf,
                                        STACK_OF(X509) * others) {
    return PKCS12_create((const char *)password, NULL, key, leaf, others, 0, 0, 0, 0, 0);
}

static inline int copenssl_parse_pfx(PKCS12 *pfx, const unsigned char *password, EVP_PKEY **key, X509 **leaf,
                                     STACK_OF(X509) * *others) {
    return PKCS12_parse(pfx, (const char *)password, key, leaf, others);
}
