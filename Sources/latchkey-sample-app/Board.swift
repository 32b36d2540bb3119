import FoundationEssentials
import Glibc

/// What the page shows: the secrets as they were read last, what became of them since the start, and who watches.
actor Board {
    /// What a watcher is sent.
    enum Message {
        case snapshot(String)
        /// Nothing has happened; it shows the server whether the watcher is still there.
        case keepAlive
    }

    private struct Record {
        var reading: Reading
        var previousFingerprint: String?
        var changedAt: Date?
        var changes = 0
        var isGone = false
        /// What the vault had when this reading was taken, and what it has now.
        var held: InstanceStatus.Secret?
        var newest: InstanceStatus.Secret?
        var isBehind = false

        /// A variable stays what it was at the start, whatever the vault has since.
        mutating func compareVariable(with newest: InstanceStatus.Secret?) {
            held = held ?? newest
            self.newest = newest
            isBehind = newest?.version != nil && held?.version != newest?.version
        }
    }

    private let secrets: GivenSecrets
    private let startedAt = Date()
    private var status: InstanceStatus?
    private var records: [SecretKey: Record] = [:]
    private var events: [Snapshot.Event] = []
    private var eventCount = 0
    private var hangUps = 0
    private var ticks = 0
    private var watchers: [Int: AsyncStream<Message>.Continuation] = [:]
    private var watcherCount = 0

    private static let mostWatchers = 64
    private static let mostEvents = 50
    private static let keepAliveTicks = 15

    init(secrets: GivenSecrets) {
        self.secrets = secrets
    }

    /// Reads everything for the first time.
    func start() {
        status = secrets.status()
        _ = adopt(secrets.read(status: status))
        record(.start, changed: [])
    }

    /// Reads everything anew; a line that says what changed.
    func hangUp() -> String {
        hangUps += 1
        status = secrets.status() ?? status
        let changed = adopt(secrets.read(status: status))
        record(.hangUp, changed: changed)
        publish()
        let what = changed.isEmpty ? "nothing changed" : "changed: \(changed.joined(separator: ", "))"
        return "HUP \(hangUps): \(what)"
    }

    /// Once a second: follows the instance's status, which latchkey may write a little before or after it signals.
    func tick() {
        ticks += 1
        if let now = secrets.status(), now != status {
            follow(now)
            publish()
        } else if ticks % Self.keepAliveTicks == 0 {
            watchers.values.forEach { $0.yield(.keepAlive) }
        }
    }

    /// A stream that begins with the present state; nil if too many are watching.
    func watch() -> AsyncStream<Message>? {
        guard watchers.count < Self.mostWatchers else { return nil }
        let (stream, continuation) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingNewest(4))
        watcherCount += 1
        let number = watcherCount
        watchers[number] = continuation
        continuation.onTermination = { _ in Task { await self.forget(number) } }
        continuation.yield(.snapshot(snapshot().json()))
        return stream
    }

    /// Ends all watchers' streams.
    func close() {
        watchers.values.forEach { $0.finish() }
    }

    private func forget(_ number: Int) {
        watchers[number] = nil
    }

    private func publish() {
        let message = Message.snapshot(snapshot().json())
        watchers.values.forEach { $0.yield(message) }
    }

    private func record(_ kind: Snapshot.Event.Kind, changed: [String], note: String? = nil) {
        eventCount += 1
        events.insert(.init(number: eventCount, kind: kind, at: Date(), changed: changed, note: note), at: 0)
        events = Array(events.prefix(Self.mostEvents))
    }

    /// Takes over what was read; the names of what changed.
    private func adopt(_ readings: [SecretKey: Reading]) -> [String] {
        var changed: [String] = []
        let now = Date()
        for (key, reading) in readings {
            let newest = status?.secret(key)
            guard var known = records[key] else {
                let isLater = hangUps > 0
                if isLater { changed.append(key.name) }
                records[key] = Record(
                    reading: reading, changedAt: isLater ? now : nil, changes: isLater ? 1 : 0, held: newest,
                    newest: newest)
                continue
            }
            if reading != known.reading || known.isGone {
                changed.append(key.name)
                if case .found(_, let fingerprint) = known.reading { known.previousFingerprint = fingerprint }
                known.reading = reading
                known.changedAt = now
                known.changes += 1
                known.isGone = false
            }
            if key.origin == .environment {
                known.compareVariable(with: newest)
            } else {
                known.held = newest
                known.newest = newest
                known.isBehind = false
            }
            records[key] = known
        }
        for (key, known) in records where readings[key] == nil && !known.isGone {
            changed.append(key.name)
            records[key]?.isGone = true
            records[key]?.changedAt = now
            records[key]?.changes += 1
        }
        return changed.sorted()
    }

    /// Takes over a new status without taking over new files: those are read at a HUP and not before.
    private func follow(_ now: InstanceStatus) {
        if let state = now.summary.state, let before = status?.summary.state, state != before {
            record(.state, changed: [], note: "\(before) → \(state)")
        }
        status = now
        for (key, reading) in secrets.read(status: now) {
            let newest = now.secret(key)
            guard var known = records[key], !known.isGone else {
                // A variable that is known as a secret only now.
                if key.origin == .environment {
                    records[key] = Record(reading: reading, held: newest, newest: newest)
                }
                continue
            }
            if key.origin == .environment {
                known.compareVariable(with: newest)
            } else {
                known.newest = newest
                known.isBehind = reading != known.reading
                if !known.isBehind { known.held = newest }
            }
            records[key] = known
        }
    }

    /// The present state.
    func snapshot() -> Snapshot {
        Snapshot(
            process: .init(
                pid: Int(getpid()), startedAt: startedAt, now: Date(), hangUps: hangUps, directory: secrets.directory),
            latchkey: status?.summary,
            secrets: records.sorted { $0.key < $1.key }.map { describe($0.key, $0.value) },
            events: events
        )
    }

    private func describe(_ key: SecretKey, _ known: Record) -> Snapshot.Secret {
        var line = Snapshot.Secret(name: key.name, origin: key.origin, state: .current, changes: known.changes)
        switch known.reading {
        case .found(let length, let fingerprint):
            line.length = length
            line.fingerprint = fingerprint
        case .unreadable(let problem):
            line.state = .unreadable
            line.problem = problem
        }
        if known.isBehind {
            line.state = key.origin == .environment ? .needsRestart : .needsSignal
            line.newerVersion = known.newest?.version
        }
        if known.isGone { line.state = .gone }
        line.previousFingerprint = known.previousFingerprint
        line.changedAt = known.changedAt
        line.version = known.held?.version
        line.secret = known.held?.name
        line.vault = known.held?.vault
        line.type = known.held?.type
        line.updatedAt = known.held?.updated
        line.expiresAt = known.held?.expires
        return line
    }
}
