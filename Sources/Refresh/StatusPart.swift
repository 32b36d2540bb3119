import KeyVault
import LaunchConfiguration
import Messages
import Secrets

extension FetchedSet {
    /// Every source with its targets.
    package var targets: [(known: KnownSource, target: String)] {
        var targets: [ValueSource: [String]] = [:]
        for item in items {
            for source in item.sources { targets[source, default: []].append(item.item.target.label) }
        }
        return sources.map { ($0, (targets[$0.source] ?? []).joined(separator: ", ")) }
    }

    /// The worker's part of the status: `secrets` as JSON, without a value or a digest of one.
    var statusJSON: [UInt8] {
        let secrets = targets.map { (known, target) -> JSONValue in
            var members: [(name: String, value: JSONValue)] = [
                ("name", .text(known.source.name, limit: 1024)),
                ("vault", known.source.vault.map { .text($0.name, limit: 1024) } ?? .null),
                ("type", .text(known.source.type)),
                ("version", known.record.version.map { .text($0, limit: 64) } ?? .null),
                ("target", .text(target, limit: 1024)),
                ("updated", JSONValue(seconds: known.record.updated)),
                ("expires", JSONValue(seconds: known.record.expires)),
            ]
            if let standIn = known.record.standIn { members.append(("fallback", .text(standIn, limit: 1024))) }
            return .object(members)
        }
        return JSONValue.array(secrets).bytes(levels: 1, depth: 1)
    }

    /// The lines of the metrics that tell when secrets and tokens expire.
    var expiryMetrics: [UInt8] {
        let expiring = sources.filter { $0.record.expires != nil }
        guard !expiring.isEmpty else { return [] }
        var text = "# HELP latchkey_secret_expiry_timestamp_seconds When a secret or token expires.\n"
        text += "# TYPE latchkey_secret_expiry_timestamp_seconds gauge\n"
        for known in expiring {
            text +=
                "latchkey_secret_expiry_timestamp_seconds{secret=\"\(known.source.name)\","
                + "vault=\"\(known.source.vault?.name ?? "")\"} \(known.record.expires ?? 0)\n"
        }
        return Array(text.utf8)
    }

    /// `12 secrets of 2 vaults and 1 token`.
    package var summary: String {
        let vaults = sources.compactMap(\.source.vault)
        let tokens = sources.count - vaults.count
        let parts = [
            vaults.isEmpty && tokens > 0
                ? nil : "\(Self.counted(vaults.count, "secret")) of \(Self.counted(Set(vaults).count, "vault"))",
            tokens == 0 ? nil : Self.counted(tokens, "token"),
        ]
        return parts.compactMap(\.self).joined(separator: " and ")
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

extension ValueSource {
    /// `secret`, `certificate`, `key` or `token`.
    fileprivate var type: String {
        switch self {
        case .object(let object): object.kind.rawValue
        case .token: "token"
        }
    }
}

extension DeliveryState {
    /// The worker's part of the metrics: the requests so far, and the delivered secrets.
    package var metrics: [UInt8] {
        guard !requests.isEmpty else { return fallbackMetrics + delivered.expiryMetrics }
        var text = "# HELP latchkey_requests_total Requests, by endpoint and status; 000 without an answer.\n"
        text += "# TYPE latchkey_requests_total counter\n"
        for (key, count) in requests.sorted(by: { $0.key < $1.key }) {
            let parts = key.split(separator: " ")
            guard parts.count == 2 else { continue }
            text += "latchkey_requests_total{endpoint=\"\(parts[0])\",code=\"\(parts[1])\"} \(count)\n"
        }
        return Array(text.utf8) + fallbackMetrics + delivered.expiryMetrics
    }

    private var fallbackMetrics: [UInt8] {
        guard !fallbacks.isEmpty else { return [] }
        var text = "# HELP latchkey_fallback Whether another vault stands in for the vault.\n"
        text += "# TYPE latchkey_fallback gauge\n"
        for (vault, standIn) in fallbacks.sorted(by: { $0.key < $1.key }) {
            text += "latchkey_fallback{vault=\"\(vault)\"} \(standIn.isEmpty ? 0 : 1)\n"
        }
        return Array(text.utf8)
    }
}
