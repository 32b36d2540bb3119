import Cryptography
import KeyVault
package import WorkerProtocol

/// What one worker leaves for the next: versions and keyed digests. It holds no value, and nothing from which a value
/// could be found.
package struct DeliveryState: Equatable, Sendable {
    /// The key of the digests: random in each run.
    package var key: [UInt8]
    /// The number of deliveries that changed something.
    package var generation: Int64 = 0
    /// The current delivery, and the target of a rollback: the delivery before the newest one, or before the first of
    /// several in which the app has not yet proved to work.
    package var delivered = DeliveryRecord()
    package var previous = DeliveryRecord()
    /// Whether files have changed since the target of a rollback. Then the rollback points them back.
    package var changedFiles = false
    /// The identities of a set with which the app failed. It is not delivered again.
    package var refused: [String: String]?
    /// The last record of every source, by its key.
    package var records: [String: ObjectRecord] = [:]
    /// The URLs of optional objects that did not exist.
    package var missing: Set<String> = []
    /// By the vault's URL.
    package var vaults: [String: VaultState] = [:]
    /// The vaults that have a fallback, each with the one that stands in for it now, or nothing; by name.
    package var fallbacks: [String: String] = [:]
    /// When the set was last sealed, by `CLOCK_BOOTTIME` in nanoseconds.
    package var sealedAt: Int64?
    /// When each expiry was last warned of: the day's number, by the object's URL.
    package var warnedDays: [String: Int64] = [:]
    /// Requests so far, by endpoint and status.
    package var requests: [String: Int64] = [:]

    package init(key: [UInt8]) {
        self.key = key
    }

    /// The state as bytes.
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
        writer.write(texts: fallbacks)
        writer.write(optional: sealedAt) { $0.write($1) }
        writer.write(numbers: warnedDays)
        writer.write(numbers: requests)
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
        fallbacks = try reader.readTexts()
        sealedAt = try reader.readOptional { reader throws(WireError) in try reader.readInteger() }
        warnedDays = try reader.readNumbers()
        requests = try reader.readNumbers()
        try reader.end()
    }
}

/// The record of one delivery: what it was made of, without values.
package struct DeliveryRecord: Equatable, Sendable {
    /// The identity of every source, by its key.
    package var identities: [String: String] = [:]
    /// The recipe of every target's bytes (`FetchPlan.recipes`), by the target's label.
    package var recipes: [String: String] = [:]
    /// The keyed digest of every file, in hexadecimal digits, by the target's label.
    package var fileDigests: [String: String] = [:]
    /// The keyed digest of the child's environment block.
    package var environmentDigest: [UInt8] = []
    /// The name of the files' generation; empty without files.
    package var filesGeneration = ""
    /// Its part of the status: `secrets` as JSON, the metrics of expiry, and the summary.
    package var statusJSON: [UInt8] = []
    package var expiryMetrics: [UInt8] = []
    package var summary = ""

    package init() {}

    func encode(into writer: inout WireWriter) {
        writer.write(texts: identities)
        writer.write(texts: recipes)
        writer.write(texts: fileDigests)
        writer.write(environmentDigest)
        writer.write(filesGeneration)
        writer.write(statusJSON)
        writer.write(expiryMetrics)
        writer.write(summary)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        identities = try reader.readTexts()
        recipes = try reader.readTexts()
        fileDigests = try reader.readTexts()
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
        writer.write(optional: renewAt) { $0.write($1) }
        writer.write(digest)
        writer.write(optional: standIn) { $0.write($1) }
        writer.write(identity)
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
        renewAt = try reader.readOptional { reader throws(WireError) in try reader.readInteger() }
        digest = try reader.readString()
        standIn = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        identity = try reader.readString()
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
