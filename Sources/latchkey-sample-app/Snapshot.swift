import FoundationEssentials

/// All that the page shows, as `/api/secrets` answers it. It has no member that could hold a value.
struct Snapshot: Codable {
    struct Process: Codable {
        var pid: Int
        var startedAt: Date
        /// The server's clock, so that the page's ages do not depend on the browser's.
        var now: Date
        var hangUps: Int
        var directory: String?
    }

    struct Secret: Codable {
        /// What stands between the process and the newest version.
        enum State: String, Codable {
            /// The process has what was delivered last.
            case current
            /// A variable whose secret has a newer version: only a restart brings it.
            case needsRestart = "needs-restart"
            /// A newer file is there, and no signal has come yet.
            case needsSignal = "needs-signal"
            case unreadable
            /// It was there before.
            case gone
        }

        var name: String
        var origin: Origin
        var state: State
        var problem: String?
        var length: Int?
        var fingerprint: String?
        var previousFingerprint: String?
        /// When this process saw it change; nil since the start.
        var changedAt: Date?
        var changes: Int
        /// The version that the process has, and what the vault says of it.
        var version: String?
        var newerVersion: String?
        var secret: String?
        var vault: String?
        var type: String?
        var updatedAt: String?
        var expiresAt: String?
    }

    struct Event: Codable {
        enum Kind: String, Codable {
            case start
            case hangUp = "hang-up"
            /// Latchkey's own state changed.
            case state
        }

        var number: Int
        var kind: Kind
        var at: Date
        /// The secrets whose value changed, or that came or went.
        var changed: [String] = []
        var note: String?
    }

    var process: Process
    var latchkey: InstanceStatus.Summary?
    var secrets: [Secret]
    /// The newest first.
    var events: [Event]

    /// One line of JSON.
    func json() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        }
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
