import Glibc

/// An IP address as bytes, independent of its text form.
package struct IPAddress: Equatable, Sendable {
    /// Four of IPv4, or sixteen of IPv6.
    private let bytes: [UInt8]

    /// Reads what getaddrinfo(3) accepts as an address without a name lookup: IPv4 in one to four parts, each decimal,
    /// octal or hexadecimal (inet_aton(3)), and IPv6, in brackets or not, with a zone or not; nil for a name.
    package init?(_ text: String) {
        guard text.utf8.contains(UInt8(ascii: ":")) else {
            var address = in_addr()
            // A dot at the end makes a name absolute, and does not change an address.
            guard unsafe inet_aton(text.hasSuffix(".") ? String(text.dropLast()) : text, &address) != 0 else {
                return nil
            }
            let number = UInt32(bigEndian: address.s_addr)
            bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            return
        }
        let bare = text.drop { $0 == "[" }.prefix { $0 != "]" && $0 != "%" }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, String(bare), &bytes) == 1 else { return nil }
        self.bytes = bytes
    }

    /// Whether it belongs to this machine, its link or a private network (RFC 1122, 1918, 3927, 4193, 4291, 6598), and
    /// not to the internet.
    package var isPrivate: Bool {
        let zeros = bytes.prefix { $0 == 0 }.count
        if bytes.count == 4 { return Self.isPrivate(bytes[...]) }
        // An IPv4-mapped IPv6 address means the IPv4 address (RFC 4291, 2.5.5.2).
        if zeros == 10, bytes[10] == 0xFF, bytes[11] == 0xFF { return Self.isPrivate(bytes[12...]) }
        if zeros == 16 || (zeros == 15 && bytes[15] == 1) { return true }
        return bytes[0] & 0xFE == 0xFC || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
    }

    private static func isPrivate(_ address: ArraySlice<UInt8>) -> Bool {
        switch (address[address.startIndex], address[address.startIndex + 1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (172, 16...31), (100, 64...127): true
        default: false
        }
    }
}
