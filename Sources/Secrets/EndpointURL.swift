import CCurl

/// An absolute http or https URL, as libcurl reads it: of a vault, an identity endpoint or an authority, or one that an
/// answer names.
package struct EndpointURL: Equatable, Sendable {
    package let scheme: String
    /// In lower case; an IPv4 address in four decimal parts, an IPv6 address between brackets.
    package let host: String
    /// nil where the URL names none.
    package let port: UInt16?
    /// Begins with a slash.
    package let path: String
    /// Without the question mark; nil where it is empty.
    package let query: String?

    /// Reads a URL; nil for other schemes, for user names, fragments, zones and encoded hosts, and for what is not
    /// printable ASCII.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "\\") }),
            let url = CurlURL(text, flags: CURLU_PATH_AS_IS), let scheme = url[CURLUPART_SCHEME],
            let host = url[CURLUPART_HOST]?.lowercased(), host.utf8.allSatisfy(Self.isOfHost)
        else { return nil }
        for part in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT] where url[part] != nil {
            return nil
        }
        // libcurl takes one to three slashes, a colon without a port, and an encoded host, which it reads as a name where
        // the same host without encoding is an address.
        let rest = text.dropFirst(scheme.utf8.count)
        let authority = rest.dropFirst(3).prefix { $0 != "/" && $0 != "?" }
        guard rest.hasPrefix("://"), !authority.isEmpty, !authority.hasSuffix(":"), !authority.contains("%")
        else { return nil }
        self.scheme = scheme.lowercased()
        guard self.scheme == "http" || self.scheme == "https" else { return nil }
        self.host = host
        let port = url[CURLUPART_PORT, 0]
        self.port = port.flatMap { UInt16($0) }
        guard port == nil || self.port ?? 0 > 0 else { return nil }
        path = url[CURLUPART_PATH] ?? "/"
        query = url[CURLUPART_QUERY].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Letters, digits and what stands between them in names and addresses; libcurl takes more.
    private static func isOfHost(_ byte: UInt8) -> Bool { byte.isAlphanumeric || "-._[]:".utf8.contains(byte) }

    package var portNumber: UInt16 { port ?? (scheme == "https" ? 443 : 80) }

    /// `host:port`, the port always there.
    package var hostAndPort: String { "\(host):\(portNumber)" }

    /// `https://host[:port]`.
    private var origin: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    package var text: String { origin + path + (query.map { "?\($0)" } ?? "") }

    /// The URL with more segments behind its path, joined by one slash, and without its query.
    package func appending(_ segments: String) -> EndpointURL? {
        let trimmed = String(path.reversed().drop { $0 == "/" }.reversed())
        return EndpointURL("\(origin)\(trimmed)/\(segments)")
    }
}
