// The floor: the least that a launcher on libcurl can do. It asks for the same secrets in the best order there is, puts
// them into the environment and becomes COMMAND. It checks little, frees nothing and handles no error but by ending.
//
//   floor HOST COUNT WIDTH together|first|alone COMMAND [ARG]…
//
// 1. The token is asked for, and at once a connection to the vault is opened by a request without a token.
// 2. `first`: when the token is there, the other connections are opened, and resume the session of the first one.
//    `together`: WIDTH connections are opened at once, while the token is on its way. `alone`: no connection is opened
//    before the token is there.
// 3. WIDTH requests are under way until all secrets are there.
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct exchange {
    char body[8192];
    size_t size;
    int number; // of the secret; 0 for the token, -1 for a request that opens a connection
};

static CURLM *multi;
static CURLSH *share;
static struct curl_slist *identity_header, *vault_header;

static void end(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    _exit(1);
}

static size_t take(char *bytes, size_t size, size_t count, void *context) {
    struct exchange *exchange = context;
    if (exchange->size + size * count >= sizeof exchange->body)
        end("an answer is too long");
    memcpy(exchange->body + exchange->size, bytes, size * count);
    exchange->size += size * count;
    return size * count;
}

static void begin(int number, const char *url, struct curl_slist *headers) {
    CURL *easy = curl_easy_init();
    struct exchange *exchange = calloc(1, sizeof *exchange);
    exchange->number = number;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, "/etc/ssl/certs");
    curl_easy_setopt(easy, CURLOPT_SHARE, share);
    curl_multi_add_handle(multi, easy);
}

// The string behind `"key":"`, ended in place.
static char *member(struct exchange *exchange, const char *key) {
    char *text = strstr(exchange->body, key);
    if (!text)
        end("an answer without what was asked for");
    text += strlen(key);
    text[strcspn(text, "\"")] = 0;
    return text;
}

int main(int argc, char **argv) {
    if (argc < 6)
        end("usage");
    int count = atoi(argv[2]), width = atoi(argv[3]), asked = 0, got = 0, flying = 0, running;
    char url[512], header[4096], name[32], *token = NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    share = curl_share_init();
    curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 512L);
    snprintf(header, sizeof header, "X-IDENTITY-HEADER: %s", getenv("IDENTITY_HEADER"));
    identity_header = curl_slist_append(NULL, header);
    snprintf(url, sizeof url, "%s?resource=https://vault.azure.net&api-version=2019-08-01", getenv("IDENTITY_ENDPOINT"));
    begin(0, url, identity_header);
    snprintf(url, sizeof url, "https://%s/secrets/secret-001/?api-version=7.4", argv[1]);
    int ahead = *argv[4] == 't' ? width : *argv[4] == 'f' ? 1 : 0;
    for (int i = 0; i < ahead; i++)
        begin(-1, url, NULL);
    while (got < count) {
        curl_multi_perform(multi, &running);
        int left, waited = 1;
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)); waited = 0) {
            struct exchange *exchange;
            if (message->data.result != CURLE_OK)
                end(curl_easy_strerror(message->data.result));
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
            curl_multi_remove_handle(multi, message->easy_handle);
            if (exchange->number == 0) {
                token = member(exchange, "\"access_token\":\"");
                snprintf(header, sizeof header, "Authorization: Bearer %s", token);
                vault_header = curl_slist_append(NULL, header);
            } else if (exchange->number > 0) {
                snprintf(name, sizeof name, "SECRET_%03d", exchange->number);
                setenv(name, member(exchange, "\"value\":\""), 1);
                got++;
                flying--;
            } else {
                ahead--;
            }
        }
        // Opened connections are used; where there is but one, it goes first.
        for (; token && asked < count && flying < width - ahead; asked++, flying++, waited = 0) {
            snprintf(url, sizeof url, "https://%s/secrets/secret-%03d/?api-version=7.4", argv[1], asked + 1);
            begin(asked + 1, url, vault_header);
        }
        if (waited)
            curl_multi_poll(multi, NULL, 0, 5, NULL);
    }
    unsetenv("IDENTITY_HEADER");
    unsetenv("IDENTITY_ENDPOINT");
    execvp(argv[5], argv + 5);
    end(argv[5]);
}
