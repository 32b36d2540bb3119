import Glibc
import LinuxSystem

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
                all.append(HostAddress(text: text, isPrivate: IPAddress(text)?.isPrivate ?? false))
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
}
