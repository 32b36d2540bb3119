import HTTPTransport
import Secrets

/// What a vault's 401 asks for: `Bearer authorization="https://login…/TENANT", resource="https://vault.azure.net"`.
struct Challenge: Equatable {
    /// The resource that a token is to be for, without a scope's `/.default`; nil where none is named.
    var resource: String?
    /// The last part of the authority's path.
    var tenant: String?
    /// `insufficient_claims`, `invalid_token`.
    var error: String?
    /// The claims as they stand there, in base64.
    var claims: String?

    init() {}

    /// The Bearer challenge among an answer's headers; nil where there is none.
    init?(_ headers: HTTPHeaders) {
        let bearers = headers.all("www-authenticate").flatMap(AuthenticateHeader.challenges)
            .filter { $0.scheme.lowercased() == "bearer" }
        guard let parameters = (bearers.first { $0.parameters["claims"] != nil } ?? bearers.first)?.parameters
        else { return nil }
        // The scope counts, as in Microsoft's clients; older vaults name a resource only.
        resource = (parameters["scope"] ?? parameters["resource"]).map(Self.withoutScope)
        tenant = (parameters["authorization"] ?? parameters["authorization_uri"]).flatMap(Self.tenant)
        error = parameters["error"]
        claims = parameters["claims"]
    }

    private static func withoutScope(_ text: String) -> String {
        var text = text.hasSuffix("/.default") ? String(text.dropLast("/.default".count)) : text
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    private static func tenant(_ authority: String) -> String? {
        guard let url = EndpointURL(authority), url.scheme == "https",
            let tenant = url.path.split(separator: "/").first.map(String.init)
        else { return nil }
        return tenant.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D || $0 == 0x2E } ? tenant : nil
    }

    /// The resource, if a token of it may be sent to the vault: the vault's host ends with a dot and the resource's
    /// host, without regard to case; a port that the resource names is the vault's (443 where none is named).
    func verifiedResource(for vault: VaultAddress) throws(VaultError) -> String {
        guard let resource else {
            throw VaultError(.challenge(.unreadable), vault: vault, subject: .challenge)
        }
        // Nothing but host and port: a token is of an audience, and not of a path there.
        guard let url = EndpointURL(resource), url.scheme == "https", url.path == "/", url.query == nil,
            vault.host.hasSuffix("." + url.host), !url.host.hasPrefix("."),
            url.port == nil || url.port == vault.port ?? 443
        else {
            throw VaultError(.challenge(.foreignResource(resource)), vault: vault, subject: .challenge)
        }
        return resource
    }
}

/// The challenges of a `WWW-Authenticate` header (RFC 9110, 11.6.1).
struct AuthenticateHeader {
    struct Entry: Equatable {
        var scheme: String
        /// By names in lower case; the first of a name counts.
        var parameters: [String: String] = [:]
    }

    private let text: [UInt8]
    private var position = 0

    /// All challenges of one header value; what cannot be read ends the list.
    static func challenges(_ value: String) -> [Entry] {
        var header = AuthenticateHeader(text: Array(value.utf8))
        return header.entries()
    }

    private mutating func entries() -> [Entry] {
        var entries: [Entry] = []
        while position < text.count {
            skip { $0 == UInt8(ascii: ",") || $0.isBlank }
            guard let word = token() else { break }
            skip(\.isBlank)
            guard position < text.count, text[position] == UInt8(ascii: "=") else {
                entries.append(Entry(scheme: word))
                continue
            }
            position += 1
            skip(\.isBlank)
            guard let value = token() ?? quoted(), !entries.isEmpty else { break }
            if entries[entries.count - 1].parameters[word.lowercased()] == nil {
                entries[entries.count - 1].parameters[word.lowercased()] = value
            }
        }
        return entries
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while position < text.count, isSkipped(text[position]) { position += 1 }
    }

    /// Everything up to a separator: broader than RFC 9110's token, since URLs stand unquoted in some challenges.
    private mutating func token() -> String? {
        let start = position
        skip { $0 > 0x20 && $0 != 0x7F && !"\",=".utf8.contains($0) }
        return position > start ? String(decoding: text[start..<position], as: UTF8.self) : nil
    }

    private mutating func quoted() -> String? {
        guard position < text.count, text[position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        var bytes: [UInt8] = []
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            if text[position] == UInt8(ascii: "\\"), position + 1 < text.count { position += 1 }
            bytes.append(text[position])
            position += 1
        }
        guard position < text.count else { return nil }
        position += 1
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || self == 0x09 }

    var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
