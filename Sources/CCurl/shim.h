// libcurl without its variadic calls, and the little of OpenSSL that a pinned certificate needs.
#pragma once
#include <curl/curl.h>
#include <dirent.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef size_t (*ccurl_data_function)(char *bytes, size_t size, size_t count, void *context);
typedef int (*ccurl_ready_function)(void *context, char *peer, char *local, int peer_port, int local_port);
typedef int (*ccurl_socket_function)(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context);

// Setting options: one function for each type of argument.

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value)
{
	return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value)
{
	return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value)
{
	return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value)
{
	return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value)
{
	return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_data_function(CURL *easy, CURLoption option, ccurl_data_function function)
{
	return curl_easy_setopt(easy, option, function);
}

static inline CURLcode ccurl_set_ready_function(CURL *easy, ccurl_ready_function function)
{
	return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

// A copy of `bytes` is taken.
static inline CURLcode ccurl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count)
{
	struct curl_blob blob = { (void *)bytes, count, CURL_BLOB_COPY };
	return curl_easy_setopt(easy, option, &blob);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value)
{
	return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode ccurl_multi_set_socket_function(CURLM *multi, ccurl_socket_function function, void *context)
{
	CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
	return code != CURLM_OK ? code : curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
}

static inline CURLSHcode ccurl_share_sessions(CURLSH *share)
{
	return curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

// Asking; what can't be told is 0.

static inline long ccurl_long(CURL *easy, CURLINFO info)
{
	long value = 0;
	return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t ccurl_microseconds(CURL *easy, CURLINFO info)
{
	curl_off_t value = 0;
	return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

// The next exchange that has ended, or NULL; its result goes to `result`.
static inline CURL *ccurl_next_ended(CURLM *multi, CURLcode *result)
{
	int left = 0;
	CURLMsg *message;
	while ((message = curl_multi_info_read(multi, &left))) {
		if (message->msg == CURLMSG_DONE) {
			*result = message->data.result;
			return message->easy_handle;
		}
	}
	return NULL;
}

// Whether TLS has agreed on h2 (ALPN) for the connection in use.
static inline int ccurl_speaks_h2(CURL *easy)
{
	struct curl_tlssessioninfo *session = NULL;
	const unsigned char *name = NULL;
	unsigned int length = 0;
	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session || !session->internals ||
	    session->backend != CURLSSLBACKEND_OPENSSL)
		return 0;
	SSL_get0_alpn_selected((const SSL *)session->internals, &name, &length);
	return length == 2 && memcmp(name, "h2", 2) == 0;
}

// The protocol's version, and who issued the peer's certificate, of the connection in use; 0 where there is no TLS.
static inline int ccurl_peer(CURL *easy, char *version, size_t version_size, char *issuer, size_t issuer_size)
{
	struct curl_tlssessioninfo *session = NULL;
	X509 *certificate;
	int length;
	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session || !session->internals ||
	    session->backend != CURLSSLBACKEND_OPENSSL)
		return 0;
	certificate = SSL_get_peer_certificate((SSL *)session->internals);
	if (!certificate)
		return 0;
	strncpy(version, SSL_get_version((SSL *)session->internals), version_size - 1);
	length = X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, issuer, (int)issuer_size);
	X509_free(certificate);
	return length > 0;
}

static inline void ccurl_wipe(void *bytes, size_t count)
{
	explicit_bzero(bytes, count);
}

// curl copies every line of a list: wipes the copies and frees the list.
static inline void ccurl_list_wipe(struct curl_slist *list)
{
	for (struct curl_slist *line = list; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(list);
}

// OpenSSL's words for a verification's result.
static inline const char *ccurl_verification_text(long result)
{
	return X509_verify_cert_error_string(result);
}

// Whether a directory holds links as c_rehash(1) makes them: eight hexadecimal digits, a dot, a number.
static inline int ccurl_has_hash_links(const char *path)
{
	int found = 0;
	struct dirent *entry;
	DIR *directory = opendir(path);
	if (!directory)
		return 0;
	while (!found && (entry = readdir(directory))) {
		const char *name = entry->d_name;
		found = strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] &&
			strspn(name + 9, "0123456789") == strlen(name + 9);
	}
	closedir(directory);
	return found;
}

// Whether a socket's connection has been accepted.
static inline int ccurl_has_peer(int socket)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	return getpeername(socket, (struct sockaddr *)&address, &length) == 0;
}

static inline int ccurl_is_readable(const char *path)
{
	return access(path, R_OK) == 0;
}

// A certificate that is trusted for its SHA-1 alone, whoever issued it.
struct ccurl_pin {
	unsigned char sha1[20];
	int refused;
};

static inline int ccurl_pin_verify(X509_STORE_CTX *store, void *context)
{
	struct ccurl_pin *pin = (struct ccurl_pin *)context;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	X509 *certificate = X509_STORE_CTX_get0_cert(store);
	if (certificate && X509_digest(certificate, EVP_sha1(), digest, &length) == 1 && length == sizeof(pin->sha1) &&
	    CRYPTO_memcmp(digest, pin->sha1, sizeof(pin->sha1)) == 0) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	pin->refused = 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

// The handshake itself fails when the certificate is another one: nothing of the request has been sent by then.
static inline CURLcode ccurl_pin_context(CURL *easy, void *ssl_context, void *context)
{
	SSL_CTX *ssl = (SSL_CTX *)ssl_context;
	(void)easy;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ssl, ccurl_pin_verify, context);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
	return CURLE_OK;
}

static inline CURLcode ccurl_set_pin(CURL *easy, struct ccurl_pin *pin)
{
	CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, ccurl_pin_context);
	return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, pin);
}
