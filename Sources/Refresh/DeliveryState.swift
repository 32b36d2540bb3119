import Cryptography
import KeyVault
package import WorkerProtocol

/// What one worker leaves for the next: versions and keyed digests, no value and nothing that a value could be told from.
package struct DeliveryState: Equatable, Sendable {
    /// The key of the digests: random, of this run.
    package var key: [UInt8]
    /// The number of deliveries that changed something.
    package var generation: Int64 = 0
    /// What is delivered, and what a rollback returns to: what was before the newest delivery, or before the first of
    /// several with which the app has not held out yet.
    package var delivered = DeliveryRecord()
    package var previous = DeliveryRecord()
    /// Whether files have changed since what a rollback returns to: it points them back.
    package var changedFiles = false
    /// The identities of a set that the app failed with: it is not delivered again.
    package var refused: [String: String]?
    /// What was last seen of every object, by its URL.
    package var records: [String: ObjectRecord] = [:]
    /// The URLs of optional objects that were not there.
    package var missing: Set<String> = []
    /// By the vault's URL.
    package var vaults: [String: VaultState] = [:]
    /// When each expiry was last warned of: the day's number, by the object's URL.
    package var warnedDays: [String: Int64] = [:]
    /// Requests so far, by endpoint and status.
    package var requests: [String: Int64] = [:]

    /// The settings that the run holds from its start, as whoever parses them wrote them down.
    package var startup: [UInt8] = []

    package init(key: [UInt8]) {
        self.key = key
    }

    /// The memory as bytes.
    package var encoded: [UInt8] {
        var writer = WireWriter()
        writer.write(workerProtocolVersion)
        writer.write(key)
        writer.write(generation)
        delivered.encode(into: &writer)
        previous.encode(into: &writer)
        writer.write(changedFiles)
        writer.write(optional: refused) { $0.write(texts: $1) }
        writer.write(list: records.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            pair.value.encode(into: &writer)
        }
        writer.write(list: missing.sorted()) { $0.write($1) }
        writer.write(list: vaults.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            pair.value.encode(into: &writer)
        }
        writer.write(numbers: warnedDays)
        writer.write(numbers: requests)
        writer.write(startup)
        return writer.bytes
    }

    /// Reads what an earlier worker left.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes[...])
        guard try reader.readByte() == workerProtocolVersion else { throw WireError("a memory of another version") }
        key = try reader.readBytes()
        generation = try reader.readInteger()
        delivered = try DeliveryRecord(reading: &reader)
        previous = try DeliveryRecord(reading: &reader)
        changedFiles = try reader.readBool()
        refused = try reader.readOptional { reader throws(WireError) in try reader.readTexts() }
        records = Dictionary(
            try reader.readList(atMost: 100_000) { reader throws(WireError) in
                (try reader.readString(), try ObjectRecord(reading: &reader))
            }
        ) { $1 }
        missing = Set(
            try reader.readList(atMost: 100_000) { reader throws(WireError) in try reader.readString() })
        vaults = Dictionary(
            try reader.readList(atMost: 10_000) { reader throws(WireError) in
                (try reader.readString(), try VaultState(reading: &reader))
            }
        ) { $1 }
        warnedDays = try reader.readNumbers()
        requests = try reader.readNumbers()
        startup = try reader.readBytes()
        try reader.end()
    }
}

/// One state of delivery: of what it was made, no value.
package struct DeliveryRecord: Equatable, Sendable {
    /// The identity of every object, by its URL.
    package var identities: [String: String] = [:]
    /// How every target's bytes are made (`FetchPlan.recipes`), by the target's name.
    package var recipes: [String: String] = [:]
    /// The keyed digest of the child's environment block.
    package var environmentDigest: [UInt8] = []
    /// The name of the files' generation; empty without files.
    package var filesGeneration = ""
    /// What the status shows of it: `secrets` as JSON, the metrics' lines of expiry, and the words for people.
    package var statusJSON: [UInt8] = []
    package var expiryMetrics: [UInt8] = []
    package var summary = ""

    package init() {}

    func encode(into writer: inout WireWriter) {
        writer.write(texts: identities)
        writer.write(texts: recipes)
        writer.write(environmentDigest)
        writer.write(filesGeneration)
        writer.write(statusJSON)
        writer.write(expiryMetrics)
        writer.write(summary)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        identities = try reader.readTexts()
        recipes = try reader.readTexts()
        environmentDigest = try reader.readBytes()
        filesGeneration = try reader.readString()
        statusJSON = try reader.readBytes()
        expiryMetrics = try reader.readBytes()
        summary = try reader.readString()
    }
}

extension ObjectRecord {
    func encode(into writer: inout WireWriter) {
        writer.write(optional: version) { $0.write($1) }
        writer.write(shape)
        writer.write(optional: updated) { $0.write($1) }
        writer.write(optional: notBefore) { $0.write($1) }
        writer.write(optional: expires) { $0.write($1) }
        writer.write(isSettled)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        let version = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        let shape = try reader.readString()
        let updated = try reader.readOptional { reader throws(WireError) in try reader.readInteger() }
        let notBefore = try reader.readOptional { reader throws(WireError) in try reader.readInteger() }
        let expires = try reader.readOptional { reader throws(WireError) in try reader.readInteger() }
        self.init(
            version: version, shape: shape, updated: updated, notBefore: notBefore, expires: expires,
            isSettled: try reader.readBool())
    }
}

extension VaultState {
    func encode(into writer: inout WireWriter) {
        writer.write(pages)
        writer.write(optional: refusedAt) { $0.write($1) }
        writer.write(optional: proof) { writer, proof in
            writer.write(proof.resource)
            writer.write(optional: proof.tenant) { $0.write($1) }
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        self.init()
        pages = try reader.readInteger()
        refusedAt = try reader.readOptional { reader throws(WireError) in try reader.readInteger() }
        proof = try reader.readOptional { reader throws(WireError) in
            AudienceProof(
                resource: try reader.readString(),
                tenant: try reader.readOptional { reader throws(WireError) in try reader.readString() })
        }
    }
}

extension WireWriter {
    fileprivate mutating func write(texts: [String: String]) {
        write(list: texts.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            writer.write(pair.value)
        }
    }

    fileprivate mutating func write(numbers: [String: Int64]) {
        write(list: numbers.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            writer.write(pair.value)
        }
    }
}

extension WireReader {
    fileprivate mutating func readTexts() throws(WireError) -> [String: String] {
        let pairs = try readList(atMost: 100_000) { reader throws(WireError) in
            (try reader.readString(), try reader.readString())
        }
        return Dictionary(pairs) { $1 }
    }

    fileprivate mutating func readNumbers() throws(WireError) -> [String: Int64] {
        let pairs = try readList(atMost: 100_000) { reader throws(WireError) in
            (try reader.readString(), try reader.readInteger())
        }
        return Dictionary(pairs) { $1 }
    }
}
