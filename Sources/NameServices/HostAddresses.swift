import Glibc

/// An address that a host's name stands for.
package struct HostAddress: Equatable, Sendable {
    /// As people write it: `10.0.0.4`, `fd00::4`.
    package let text: String
    /// Whether it is of a private network, or of this machine: not of the internet.
    package let isPrivate: Bool

    /// The addresses of a host's name (getaddrinfo(3)), each once; none where it can't be resolved.
    ///
    /// Names below `localhost` are this machine's (RFC 6761, section 6.3), as libcurl has them, whatever resolvers say.
    package static func all(of host: String) -> [HostAddress] {
        if host == "localhost" || host.hasSuffix(".localhost") {
            return ["127.0.0.1", "::1"].map { HostAddress(text: $0, isPrivate: true) }
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var all: [HostAddress] = []
        var next = unsafe first
        while let entry = unsafe next {
            if let text = unsafe numeric(entry.pointee), !all.contains(where: { $0.text == text }) {
                all.append(HostAddress(text: text, isPrivate: isPrivate(text)))
            }
            unsafe next = unsafe entry.pointee.ai_next
        }
        return all
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = unsafe getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard result == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// RFC 1918, 6598, 3927, 4193, 4291: what is not routed on the internet.
    static func isPrivate(_ text: String) -> Bool {
        let parts = text.split(separator: ".").compactMap { UInt8($0) }
        guard parts.count == 4 else {
            let lower = text.lowercased()
            return lower == "::1" || ["fc", "fd", "fe8", "fe9", "fea", "feb"].contains { lower.hasPrefix($0) }
        }
        return switch (parts[0], parts[1]) {
        case (10, _), (127, _), (192, 168), (169, 254): true
        case (172, 16...31), (100, 64...127): true
        default: false
        }
    }
}
