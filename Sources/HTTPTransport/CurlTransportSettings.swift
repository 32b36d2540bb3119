import CCurl
import Secrets

/// Settings for all exchanges of a transport.
struct CurlTransportSettings {
    /// A proxy for servers outside of the machine.
    struct Proxy: Equatable {
        /// The value from the environment; it may hold a password.
        let address: String
        /// Its host, to be shown.
        let name: String
        /// Hosts that are reached without the proxy, in curl's syntax (CURLOPT_NOPROXY(3)).
        let exceptions: String
    }

    var trust: TrustStore
    let proxy: Proxy?
    let notesPeers: Bool
    /// TLS sessions, for all exchanges except pinned ones.
    let sessions = CurlSessions()

    init(_ options: CurlTransportOptions) {
        notesPeers = options.notesPeers
        trust = .chosen(authoritiesFile: options.authoritiesFile, environment: options.environment)
        let exceptions = Self.first(of: ["no_proxy", "NO_PROXY"], in: options.environment) ?? ""
        proxy = Self.first(of: ["https_proxy", "HTTPS_PROXY"], in: options.environment)
            .map { Proxy(address: $0, name: Self.host(ofProxy: $0), exceptions: exceptions) }
    }

    /// The variable whose value is not a valid proxy address; nil if there is none.
    static func mistakenProxy(in environment: (String) -> String?) -> String? {
        let name = ["https_proxy", "HTTPS_PROXY"].first { environment($0) != nil }
        guard let name, let address = environment(name), !address.isEmpty else { return nil }
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]
        let url = CurlURL(address, flags: CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)
        return url?[CURLUPART_SCHEME].map { schemes.contains($0.lowercased()) } == true ? nil : name
    }

    private static func first(of names: [String], in environment: (String) -> String?) -> String? {
        names.lazy.compactMap(environment).first.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func host(ofProxy address: String) -> String {
        CurlURL(address, flags: CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)?[CURLUPART_HOST] ?? "proxy"
    }
}
