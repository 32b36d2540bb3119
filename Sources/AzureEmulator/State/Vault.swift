/// How a vault decides who may do what; the two differ in the words of their refusals.
package enum AccessModel: String, Sendable {
    case rbac
    case policy
}

/// What a secret holds besides its attributes.
package struct SecretContent: Equatable, Sendable {
    package var value: String
    package var contentType: String?
    /// The path of the key that belongs to it, for a certificate's secret: `keys/NAME/VERSION`.
    package var keyPath: String?

    package init(value: String, contentType: String? = nil, keyPath: String? = nil) {
        self.value = value
        self.contentType = contentType
        self.keyPath = keyPath
    }
}

/// A key's public part as a JSON web key, without `kid`.
package struct KeyContent: Equatable, Sendable {
    package var jwk: JSON
    package var exportable = false
}

/// A certificate in DER, and how it was asked for.
package struct CertificateContent: Equatable, Sendable {
    package var certificate: [UInt8]
    package var contentType: String
    package var exportable: Bool
    package var subject: String
    package var kind = KeyKind.elliptic
    /// `Self`, or the name of the authority that signed it.
    package var issuer = "Self"
}

/// One vault: its objects, its rules, and what it remembers of its requests.
package struct Vault: Sendable {
    package var name: String
    package var access = AccessModel.rbac
    package var recoverableDays = 90
    package var location = "westeurope"
    /// Pages without any item before each real page of a list.
    package var emptyPages = 0
    /// Requests in any 10 seconds, or in another window.
    package var ceiling: RequestCeiling
    package var secrets = Shelf<SecretContent>()
    package var keys = Shelf<KeyContent>()
    package var certificates = Shelf<CertificateContent>()

    package init(name: String, ceiling: Int? = nil) {
        self.name = name
        self.ceiling = RequestCeiling(limit: ceiling ?? RequestCeiling.keyVault)
    }

    /// Names are compared with these letters and lengths (Key Vault's limits).
    package static func isVaultName(_ name: String) -> Bool {
        (3...24).contains(name.utf8.count) && isObjectName(name) && name.first?.isLetter == true
    }

    package static func isObjectName(_ name: String) -> Bool {
        (1...127).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// Counts requests in a sliding window. What is refused does not count, as Key Vault's pages say.
package struct RequestCeiling: Sendable {
    package static let keyVault = 4_000
    package static let keyVaultWindow = 10.0

    package var limit: Int
    /// The seconds that are counted in.
    package var window = RequestCeiling.keyVaultWindow
    /// Whole seconds to send as Retry-After with the refusal; Key Vault mostly sends none.
    package var retryAfter: Int?
    private var times: [Double] = []
    private var first = 0

    package init(limit: Int, retryAfter: Int? = nil) {
        self.limit = limit
        self.retryAfter = retryAfter
    }

    /// Whether one more request at this time is within the limit.
    package mutating func admit(at now: Double) -> Bool {
        while first < times.count, times[first] <= now - window { first += 1 }
        if first > 4_096, first * 2 > times.count {
            times.removeFirst(first)
            first = 0
        }
        guard times.count - first < limit else { return false }
        times.append(now)
        return true
    }

    package mutating func reset() {
        times = []
        first = 0
    }
}
