import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// `latchkey list`: what a vault holds, never a value.
enum List {
    static func run(
        _ plan: LaunchPlan, json: Bool, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        do throws(Diagnosis) {
            let listed = try listed(plan, environment, log)
            Output.write(json ? document(listed).document : Array(table(listed).utf8))
            return 0
        } catch {
            log.end([error])
            return error.exitCode.rawValue
        }
    }

    /// The default vault's secrets, by name.
    static func listed(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(Diagnosis) -> [ListedSecret] {
        guard let vault = plan.vault else {
            throw Diagnosis(.optionValue, exit: .usage, "no vault is named", hint: "give one with --vault NAME")
        }
        let observer = RunObserver(log: log, isStart: true, progress: ProgressLine(environment))
        defer { observer.progress?.stop() }
        let azure = try AzureSession(plan, environment, observer: observer)
        azure.client.warm(vault)
        switch azure.client.list(vault, retryPolicy: .interactive) {
        case .success(let listed): return listed.sorted { $0.name < $1.name }
        case .failure(let error): throw error.diagnosis
        }
    }

    private static func table(_ listed: [ListedSecret]) -> String {
        var rows = [["NAME", "ENABLED", "UPDATED", "EXPIRES", "CONTENT TYPE", "TAGS"]]
        for secret in listed {
            let tags = secret.tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            rows.append([
                secret.name, secret.attributes.enabled ? "yes" : "no", Output.date(secret.attributes.updated),
                Output.date(secret.attributes.expires), secret.contentType ?? "", tags.joined(separator: ","),
            ])
        }
        return Output.table(rows)
    }

    /// The output of `--json`: it has every member, `null` if the vault has no value.
    private static func document(_ listed: [ListedSecret]) -> JSONValue {
        let secrets = listed.map { secret -> JSONValue in
            let tags = secret.tags.sorted { $0.key < $1.key }
            return [
                "name": .text(secret.name),
                "enabled": .boolean(secret.attributes.enabled),
                "updated": JSONValue(seconds: secret.attributes.updated),
                "expires": JSONValue(seconds: secret.attributes.expires),
                "content_type": JSONValue(secret.contentType),
                "tags": .object(tags.map { (name: $0.key, value: .text($0.value)) }),
            ]
        }
        return ["schema": 1, "secrets": .array(secrets)]
    }
}

/// Text for standard output.
enum Output {
    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    static func write(_ bytes: [UInt8]) {
        try? writeAll(bytes.span, to: 1)
    }

    /// `23h 59m`, `4m 30s`: the two largest units.
    static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let parts = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] as [(Int64, String)]
        guard let first = parts.firstIndex(where: { seconds >= $0.0 }) else {
            return "0s"
        }
        let whole = "\(seconds / parts[first].0)\(parts[first].1)"
        guard first + 1 < parts.count else { return whole }
        let rest = seconds % parts[first].0 / parts[first + 1].0
        return rest == 0 ? whole : "\(whole) \(rest)\(parts[first + 1].1)"
    }

    /// `2026-11-23T12:04:10Z (4m 30s ago)`, or `(in 30s)`; nil if there is no time.
    static func distance(_ time: String?) -> String? {
        guard let time, let moment = UTCTime(rfc3339: time) else { return time }
        let seconds = moment.seconds - wallClockSeconds()
        let words = words(.seconds(abs(seconds)))
        return "\(time) (\(seconds > 0 ? "in \(words)" : "\(words) ago"))"
    }

    static func date(_ seconds: Int64?) -> String {
        seconds.map { UTCTime(seconds: $0).rfc3339 } ?? "-"
    }

    /// Columns of equal width, except the last one. Unprintable characters are escaped.
    static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map { PrintableText.clipped($0, to: 200) } }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
