import Delivery
import KeyVault
package import Messages
package import Secrets

/// What an attempt fetched, ready to be delivered: the values in one arena, and the target of each.
package struct FetchedSet: ~Copyable {
    package var set: SecretSet
    /// The variables in the order of the plan, with the object each comes from.
    var variables: [FetchedVariable] = []
    var files: [FetchedFile] = []
    /// The record of every existing object, in the order of the plan.
    package internal(set) var objects: [KnownObject] = []
    package var warnings: [Message] = []
    /// The app has failed with exactly this set before: it must not be delivered.
    package internal(set) var isRefused = false

    var records: [VaultObject: ObjectRecord] = [:]
    var fetched: [VaultObject: FetchedObject] = [:]
    /// Optional objects that do not exist, with the vault's error if it was asked.
    var absent: [VaultObject: VaultError?] = [:]
    /// The bytes of unchanged targets.
    var reused: [Target: SecretSet.Slot] = [:]
    var recipes: [Target: String] = [:]
    var vaults: [String: VaultState] = [:]
    /// The names that each bulk selection found.
    var selected: [[String]] = []

    init(set: consuming SecretSet) {
        self.set = set
    }
}

/// An object with its record.
package struct KnownObject: Equatable, Sendable {
    package let object: VaultObject
    package let record: ObjectRecord
}

struct FetchedVariable {
    var name: String
    var slot: SecretSet.Slot
    var object: VaultObject
    var origin: EnvironmentAssignment.Origin
    var location: String
}

struct FetchedFile {
    var path: String
    var slot: SecretSet.Slot
    var mode: UInt32?
    var pathVariable: String?
    var objects: [VaultObject]
    var location: String
}

/// Why an attempt failed, with what decides when to try again.
package struct RefreshFailure: Error {
    /// The most important first; at least one.
    package var diagnoses: [Diagnosis]
    /// The pause that a server asked for.
    package var retryAfter: Duration?
    /// Trying again may help (75).
    package var isTemporary: Bool { diagnoses.allSatisfy { $0.exitCode == .temporary } }
    /// A required secret is definitely gone: deleted or disabled.
    package var isGone = false

    package init(_ diagnoses: [Diagnosis], retryAfter: Duration? = nil, isGone: Bool = false) {
        self.diagnoses = diagnoses
        self.retryAfter = retryAfter
        self.isGone = isGone
    }
}
