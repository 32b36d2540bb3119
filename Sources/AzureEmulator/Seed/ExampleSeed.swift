extension Seed {
    /// A seed file with everything that one can hold, and what it means.
    package static let example = """
        # Seed of latchkey-emulator. Edits are followed while it runs: a changed value becomes a new version, a secret
        # that is taken out is deleted. Durations: "250ms", "30s", "5m", "12h", "90d". Dates: "2027-01-31", seconds since
        # 1970, or a distance from now such as "+30d".

        token-lifetime = "24h"
        random-seed = 1                      # for faults with a probability

        [vaults.demo]                        # https://demo.vault.localhost:PORT
        access = "rbac"                      # rbac | policy: the words of its refusals
        ceiling = 4000                       # requests in any 10 seconds
        # ceiling-window = "1s"              # in any second instead
        # retry-after = 2                    # seconds, sent with the 429 (Key Vault mostly sends none)
        # empty-pages = 2                    # pages without items before each page of a list
        # fill = { count = 10000, prefix = "filler-", tags = { app = "load" } }

        [vaults.demo.secrets]
        db-password = "correct horse"
        smtp = { value = '{"user":"web","password":"battery staple"}', content-type = "application/json" }
        license = { value = "AAEC", tags = { file-encoding = "base64" }, nbf = "2026-01-01", exp = "+90d" }
        retired = { value = "old", enabled = false }
        web--api-key = { value = "k-123", tags = { app = "web" } }
        removed = { value = "gone", deleted = true }
        pinned = { versions = [
            { value = "first", version = "0123456789abcdef0123456789abcdef", created = "2026-01-01" },
            { value = "second" },            # the last one is the current
        ] }

        [vaults.demo.certificates.web-tls]
        subject = "CN=web.example.org, O=Example"
        dns = ["web.example.org"]
        key = "EC"                           # EC | RSA
        format = "pfx"                       # pfx (made by openssl) | pem
        issued = true                        # by the emulator's authority, which is then in the chain; else self-signed
        exportable = true
        days = 365

        [vaults.demo.keys]
        signing = { type = "EC" }            # EC | RSA

        [[identity]]                         # without any, there is one system-assigned that may do everything
        name = "system"
        system-assigned = true
        permissions = ["get", "list"]        # in every vault; all, get, list, set, delete, recover, purge, secrets/get …

        [[identity]]
        name = "deploy"
        client-id = "11111111-aaaa-4aaa-8aaa-0000000000dd"
        object-id = "22222222-bbbb-4bbb-8bbb-0000000000dd"
        resource-id = "/subscriptions/44444444-dddd-4ddd-8ddd-000000000001/resourcegroups/web/providers/\
        Microsoft.ManagedIdentity/userAssignedIdentities/deploy"
        permissions = { demo = ["all"], "*" = [] }
        # permissions-after = "2m"           # a role assignment takes its time to work
        secret = "an application's secret"   # client secrets that Entra takes
        make-certificate = true              # a client certificate, written into the state directory
        # certificate = ["app.pem"]          # or one's own
        federated = [{ subject = "system:serviceaccount:default:deploy" }]   # of the emulated cluster

        # Faults: for which requests (all that is given must fit), how often, what happens. The first that fits is played.
        # [[fault]]
        # endpoint = "vault"                 # vault, entra, identity, imds, app-service, arc, service-fabric, …
        # vault = "demo"
        # method = "GET"
        # path = "^/secrets/db-password"     # regular expressions, also for query
        # after = 2                          # so many pass first
        # times = 3                          # so many are hit
        # probability = 0.5
        # status = 503                       # or error = "throttled", "forbidden-by-firewall", …
        # retry-after = 5                    # also retry-after-ms, retry-after-date
        # delay = 500                        # milliseconds
        # truncate = 10                      # bytes that come before the end; drip = { bytes = 1, every = 20 }
        # drop = true                        # close before any byte; reset = true; garbage, gzip, endless, body-size
        # body = "…"                         # text or JSON; body-base64 for any bytes; gzip with body-size is a bomb
        # challenge = "wrong-resource"       # missing, malformed, twice, insufficient-claims; challenge-resource = "…"
        # redirect = "https://elsewhere.example.org"
        # headers = { x-odd = "…" }          # remove-headers = ["x-ms-request-id"], content-type = "text/html"
        # execute = true                     # the request is carried out, its answer is replaced or lost
        """
}
