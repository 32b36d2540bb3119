import KeyVault
import Messages
import Secrets

extension FetchedSet {
    /// Every object with its targets.
    package var targets: [(object: KnownObject, target: String)] {
        var targets: [VaultObject: [String]] = [:]
        for variable in variables { targets[variable.object, default: []].append("env:" + variable.name) }
        for file in files {
            for object in file.objects { targets[object, default: []].append("file:" + file.path) }
        }
        return objects.map { ($0, (targets[$0.object] ?? []).joined(separator: ", ")) }
    }

    /// The worker's part of the status: `secrets` as JSON, without a value or a digest of one.
    var statusJSON: [UInt8] {
        let secrets = targets.map { (object, target) -> JSONValue in
            [
                "name": .text(object.object.name, limit: 1024),
                "vault": .text(object.object.vault.name, limit: 1024),
                "type": .text(object.object.kind.rawValue),
                "version": object.record.version.map { .text($0, limit: 64) } ?? .null,
                "target": .text(target, limit: 1024),
                "updated": JSONValue(seconds: object.record.updated),
                "expires": JSONValue(seconds: object.record.expires),
            ]
        }
        return JSONValue.array(secrets).bytes(levels: 1, depth: 1)
    }

    /// The lines of the metrics that tell when secrets expire.
    var expiryMetrics: [UInt8] {
        let expiring = objects.filter { $0.record.expires != nil }
        guard !expiring.isEmpty else { return [] }
        var text = "# HELP latchkey_secret_expiry_timestamp_seconds When a secret expires.\n"
        text += "# TYPE latchkey_secret_expiry_timestamp_seconds gauge\n"
        for object in expiring {
            text +=
                "latchkey_secret_expiry_timestamp_seconds{secret=\"\(object.object.name)\","
                + "vault=\"\(object.object.vault.name)\"} \(object.record.expires ?? 0)\n"
        }
        return Array(text.utf8)
    }

    /// `12 secrets of 2 vaults`.
    package var summary: String {
        let vaults = Set(objects.map(\.object.vault)).count
        return "\(objects.count) secret\(objects.count == 1 ? "" : "s") of \(vaults) vault\(vaults == 1 ? "" : "s")"
    }

}

extension DeliveryState {
    /// The worker's part of the metrics: the requests so far, and the delivered secrets.
    package var metrics: [UInt8] {
        guard !requests.isEmpty else { return delivered.expiryMetrics }
        var text = "# HELP latchkey_requests_total Requests, by endpoint and status; 000 without an answer.\n"
        text += "# TYPE latchkey_requests_total counter\n"
        for (key, count) in requests.sorted(by: { $0.key < $1.key }) {
            let parts = key.split(separator: " ")
            guard parts.count == 2 else { continue }
            text += "latchkey_requests_total{endpoint=\"\(parts[0])\",code=\"\(parts[1])\"} \(count)\n"
        }
        return Array(text.utf8) + delivered.expiryMetrics
    }
}
