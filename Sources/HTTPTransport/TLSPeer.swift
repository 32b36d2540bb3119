import CCurl

/// How a server proved who it is: for `check`.
package struct TLSPeer: Equatable, Sendable {
    /// `TLSv1.3`.
    package let version: String
    /// The common name of the authority that issued its certificate.
    package let issuer: String

    /// The peer of the connection that an exchange uses; nil without TLS.
    init?(_ easy: UnsafeMutableRawPointer) {
        var version = [CChar](repeating: 0, count: 32)
        var issuer = [CChar](repeating: 0, count: 256)
        guard unsafe ccurl_peer(easy, &version, version.count, &issuer, issuer.count) != 0 else { return nil }
        self.version = Self.text(version)
        self.issuer = Self.text(issuer)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
