import Delivery
import KeyVault
import LaunchConfiguration
package import Messages
package import Secrets

/// What an attempt fetched, ready to be delivered: the values in one arena, and the target of each.
package struct FetchedSet: ~Copyable {
    package var set: SecretSet
    /// In the order of the plan.
    var items: [FetchedItem] = []
    /// The record of every existing source, in the order of the plan.
    package internal(set) var sources: [KnownSource] = []
    package var warnings: [Message] = []
    /// What changed about vaults since the last attempt; to be logged at once.
    package var notices: [Message] = []
    /// For each vault with a fallback, by name: the one that stands in for it, or nothing.
    var fallbacks: [String: String] = [:]
    /// Why the set was taken from the cache; nil if it was fetched.
    package var outage: Outage?
    /// The app has failed with exactly this set before: it must not be delivered.
    package internal(set) var isRefused = false

    var records: [ValueSource: ObjectRecord] = [:]
    var objects: [VaultObject: FetchedObject] = [:]
    var tokens: [TokenResource: SecretSet.Slot] = [:]
    /// Optional objects that do not exist, with the vault's error if it was asked.
    var absent: [VaultObject: VaultError?] = [:]
    /// The sources of files that somebody else has changed.
    var editedNames: Set<String> = []
    /// The bytes of unchanged targets.
    var reused: [DeliveryTarget: SecretSet.Slot] = [:]
    var recipes: [DeliveryTarget: String] = [:]
    var vaults: [String: VaultState] = [:]
    /// What lists decided (`FetchPlan.expand`).
    var listed: [[String]] = []

    init(set: consuming SecretSet = SecretSet()) {
        self.set = set
    }

    /// The bytes of every item, in the order of the plan.
    package var slots: [SecretSet.Slot] { items.map(\.slot) }
}

/// Why a start uses the cached set, and how long ago the vault confirmed it.
package struct Outage: Sendable {
    package let failure: RefreshFailure
    package let age: Duration

    package init(failure: RefreshFailure, age: Duration) {
        self.failure = failure
        self.age = age
    }
}

/// A source with its record.
package struct KnownSource: Equatable, Sendable {
    package let source: ValueSource
    package let record: ObjectRecord
}

/// One item with its bytes, from the fetch to the delivered generation and environment.
struct FetchedItem {
    let item: DeliveryItem
    let slot: SecretSet.Slot
    let sources: [ValueSource]
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
    /// The first object that does not exist.
    package var missing: VaultObject?
    /// The vaults that can't be reached, are throttled or fail.
    var outOfReach: Set<VaultAddress> = []

    package init(_ diagnoses: [Diagnosis], retryAfter: Duration? = nil, isGone: Bool = false) {
        self.diagnoses = diagnoses
        self.retryAfter = retryAfter
        self.isGone = isGone
    }

    /// Runs `body` and throws its error as that of the attempt.
    package static func of<Value: ~Copyable, Failure: DiagnosableError>(
        _ body: () throws(Failure) -> Value
    ) throws(RefreshFailure) -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            throw RefreshFailure([error.diagnosis])
        }
    }
}
