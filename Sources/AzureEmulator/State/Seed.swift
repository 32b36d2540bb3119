/// What the emulator starts with: the content of a seed file.
package struct Seed: Equatable, Sendable {
    package var tenant: String?
    /// Seconds that an access token lasts.
    package var tokenLifetime: Double?
    package var location: String?
    /// For faults with a probability.
    package var randomSeed: Int?
    package var vaults: [VaultSeed] = []
    package var identities: [IdentitySeed] = []
    package var faults: [FaultSeed] = []

    package init() {}
}

package struct VaultSeed: Equatable, Sendable {
    package var name: String
    package var access = AccessModel.rbac
    package var ceiling: Int?
    /// The seconds that the ceiling counts in.
    package var ceilingWindow: Double?
    package var retryAfter: Int?
    package var recoverableDays: Int?
    package var emptyPages = 0
    package var secrets: [SecretSeed] = []
    package var certificates: [CertificateSeed] = []
    package var keys: [KeySeed] = []

    package init(name: String) { self.name = name }
}

package struct SecretSeed: Equatable, Sendable {
    package var name: String
    /// Oldest first; the last one is the current version.
    package var versions: [SecretVersionSeed]
    package var deleted = false

    package init(name: String, versions: [SecretVersionSeed]) {
        self.name = name
        self.versions = versions
    }
}

package struct SecretVersionSeed: Equatable, Sendable {
    package var value: String
    package var contentType: String?
    package var tags: [String: String]?
    package var enabled = true
    package var notBefore: Int?
    package var expires: Int?
    package var created: Int?
    /// 32 hexadecimal digits; drawn at random if nil.
    package var version: String?
    /// A storage account's secret: no version and no time of creation.
    package var managedStorage = false

    package init(value: String) { self.value = value }
}

package enum KeyKind: String, Sendable {
    case elliptic = "EC"
    case rsa = "RSA"
}

package struct CertificateSeed: Equatable, Sendable {
    package var name: String
    package var subject: String
    package var dnsNames: [String] = []
    package var days = 365
    package var kind = KeyKind.elliptic
    /// `application/x-pkcs12` or `application/x-pem-file`.
    package var contentType = "application/x-pkcs12"
    package var exportable = true
    /// Signed by the emulator's authority, whose certificate is then in the chain; else self-signed.
    package var isIssued = false
    package var enabled = true
    package var tags: [String: String]?
    package var version: String?

    package init(name: String, subject: String) {
        self.name = name
        self.subject = subject
    }
}

package struct KeySeed: Equatable, Sendable {
    package var name: String
    package var kind = KeyKind.elliptic
    package var enabled = true
    package var tags: [String: String]?
    package var version: String?

    package init(name: String) { self.name = name }
}

package struct IdentitySeed: Equatable, Sendable {
    package var principal: Principal
    /// Files with certificates in PEM that Entra takes assertions of.
    package var certificateFiles: [String] = []
    /// A certificate and its key are made and written into the state directory.
    package var makesCertificate = false

    package init(principal: Principal) { self.principal = principal }
}

package struct FaultSeed: Equatable, Sendable {
    package var name: String
    package var match: FaultMatch
    package var effect: FaultEffect
    package var after: Int
    package var times: Int?
    package var probability: Double?

    package var fault: Fault {
        var fault = Fault(name: name)
        fault.match = match
        fault.effect = effect
        fault.after = after
        fault.times = times
        fault.probability = probability
        return fault
    }
}

extension Seed {
    /// What there is without any seed file: one vault with one secret, and one identity that may do everything.
    package static var demonstration: Seed {
        var seed = Seed()
        var vault = VaultSeed(name: "demo")
        vault.secrets = [SecretSeed(name: "db-password", versions: [SecretVersionSeed(value: "correct horse")])]
        seed.vaults = [vault]
        return seed
    }

    /// The identity that is there when a seed names none.
    package static var defaultIdentity: Principal {
        var principal = Principal(
            name: "system", clientID: "11111111-aaaa-4aaa-8aaa-000000000001",
            objectID: "22222222-bbbb-4bbb-8bbb-000000000001")
        principal.isSystemAssigned = true
        return principal
    }

    package static let defaultTenant = "33333333-cccc-4ccc-8ccc-000000000001"
}
