import CCurl

/// What holds for all exchanges of a transport.
struct CurlSurroundings {
    /// A proxy for what lies beyond the machine.
    struct Proxy: Equatable {
        /// As the environment has it; it may hold a password.
        let address: String
        /// Its host, to be shown.
        let name: String
        /// Hosts that are reached without it, as curl reads them (CURLOPT_NOPROXY(3)).
        let exceptions: String
    }

    var trust: TrustStore
    let proxy: Proxy?
    let notesPeers: Bool
    /// TLS sessions, for all exchanges but pinned ones.
    let sessions = CurlSessions()

    init(_ options: CurlTransportOptions) {
        notesPeers = options.notesPeers
        trust = .chosen(authoritiesFile: options.authoritiesFile, environment: options.environment)
        let exceptions = Self.first(of: ["no_proxy", "NO_PROXY"], in: options.environment) ?? ""
        proxy = Self.first(of: ["https_proxy", "HTTPS_PROXY"], in: options.environment)
            .map { Proxy(address: $0, name: Self.host(ofProxy: $0), exceptions: exceptions) }
    }

    /// The variable whose value can be no proxy's address; nil where there is none.
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

/// curl's own URL parser (libcurl-url(3)), so that what is checked is what is connected to.
@safe
final class CurlURL {
    private let handle: OpaquePointer

    init?(_ text: String, flags: Int32) {
        guard let handle = unsafe curl_url() else { return nil }
        unsafe self.handle = unsafe handle
        guard unsafe curl_url_set(handle, CURLUPART_URL, text, UInt32(flags)) == CURLUE_OK else { return nil }
    }

    deinit {
        unsafe curl_url_cleanup(handle)
    }

    subscript(_ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let flags = part == CURLUPART_PORT ? UInt32(CURLU_DEFAULT_PORT) : 0
        guard unsafe curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }

    /// Replaces a part; false where the new text can't be one.
    func replace(_ part: CURLUPart, by text: String) -> Bool {
        unsafe curl_url_set(handle, part, text, 0) == CURLUE_OK
    }
}
