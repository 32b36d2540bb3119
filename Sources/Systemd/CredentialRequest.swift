/// What a service manager asks for when it connects for `LoadCredential=NAME:SOCKET`: it says so in the address that it
/// binds itself to (systemd.exec(5), `LoadCredential=`).
package struct CredentialRequest: Hashable, Sendable {
    package let unit: String
    package let credential: String

    package init(unit: String, credential: String) {
        self.unit = unit
        self.credential = credential
    }

    /// Reads a peer's address: a NUL byte, random hexadecimal digits, `/unit/UNIT/CREDENTIAL`; nil for any other.
    package init?(address: [UInt8]) {
        let parts = address.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].first == 0, parts[0].count > 1,
            parts[0].dropFirst().allSatisfy(Self.isHexadecimal), parts[1].elementsEqual("unit".utf8),
            let unit = Self.name(parts[2]), let credential = Self.name(parts[3])
        else { return nil }
        self.init(unit: unit, credential: credential)
    }

    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        guard !bytes.isEmpty, !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
