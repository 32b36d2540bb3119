import HTTPTransport

/// The URL of an identity endpoint, taken apart just far enough to be checked and extended.
struct EndpointURL: Equatable {
    let scheme: String
    let host: String
    let port: Int?
    /// Begins with a slash.
    let path: String
    /// Without the question mark.
    let query: String?

    /// Reads an absolute http or https URL; nil for anything else, for user names and for fragments.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }), let mark = text.firstRange(of: "://") else {
            return nil
        }
        scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https", !text.contains("#"), !text.contains("\\") else { return nil }
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else { return nil }
        (self.host, self.port) = (host, port)
        let parts = rest[end...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first.map(String.init) ?? ""
        self.path = path.isEmpty ? "/" : path
        query = parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : nil
    }

    private static func authority(_ text: Substring) -> (String, Int?)? {
        guard !text.contains("@") else { return nil }
        var host = text
        var port: Int?
        let bracket = text.lastIndex(of: "]")
        if let colon = text.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
            let digits = text[text.index(after: colon)...]
            guard let number = Int(digits), (1...65535).contains(number), digits.allSatisfy(\.isNumber) else {
                return nil
            }
            host = text[..<colon]
            port = number
        }
        let allowed = host.allSatisfy { $0.isLetter || $0.isNumber || "-._[]:".contains($0) }
        guard !host.isEmpty, allowed, host.contains("[") == (bracket != nil) else { return nil }
        return (host.lowercased(), port)
    }

    var portNumber: Int { port ?? (scheme == "https" ? 443 : 80) }

    /// `host:port`, the port always there.
    var hostAndPort: String { "\(host):\(portNumber)" }

    var text: String {
        let place = port.map { "\(host):\($0)" } ?? host
        return "\(scheme)://\(place)\(path)" + (query.map { "?\($0)" } ?? "")
    }

    /// The URL with more segments behind its path, joined by one slash.
    func appending(_ segments: String) -> EndpointURL? {
        let place = port.map { "\(host):\($0)" } ?? host
        let trimmed = String(path.reversed().drop { $0 == "/" }.reversed())
        return EndpointURL("\(scheme)://\(place)\(trimmed)/\(segments)")
    }

    /// The URL with parameters behind what it already asks.
    func asking(_ parameters: [(String, String)]) -> String {
        text + (query == nil ? "?" : "&") + formEncoded(parameters)
    }

    /// How a request to an identity endpoint of the machine gets there: never through a proxy, with TLS checked
    /// against the usual authorities where the environment says https.
    var identityPeer: HTTPRequest.Peer {
        scheme == "http" ? .machine : .tokenProxy(connect: hostAndPort, serverName: nil, authoritiesPEM: nil)
    }

    /// Whether the host is an address of the public internet, to which no identity header goes without TLS.
    ///
    /// Microsoft's clients send the header wherever the variable points. An endpoint of Azure's is on the machine, its
    /// link or the private network beside it; a name is believed, since it is the environment's own.
    var isPublicAddress: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        if parts.count == 4, let a = parts[0], let b = parts[1], parts[2] != nil, parts[3] != nil {
            switch (a, b) {
            case (10, _), (127, _), (0, _), (169, 254), (192, 168), (172, 16...31), (100, 64...127): return false
            default: return true
            }
        }
        guard host.hasPrefix("[") else { return false }
        let local = ["[::1]", "[fc", "[fd", "[fe8", "[fe9", "[fea", "[feb"]
        return !local.contains { host.hasPrefix($0) }
    }
}

/// `application/x-www-form-urlencoded` pairs: everything but the unreserved characters of RFC 3986 as `%XX`.
func formEncoded(_ parameters: [(String, String)]) -> String {
    parameters.map { percentEncoded($0.0) + "=" + percentEncoded($0.1) }.joined(separator: "&")
}

/// One value of a form or query.
func percentEncoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        appendEncoded(byte) { encoded.append($0) }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// Gives the one or three bytes that stand for a byte in a form.
func appendEncoded(_ byte: UInt8, to sink: (UInt8) -> Void) {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        sink(byte)
    default:
        let digits = Array("0123456789ABCDEF".utf8)
        sink(UInt8(ascii: "%"))
        sink(digits[Int(byte >> 4)])
        sink(digits[Int(byte & 15)])
    }
}
