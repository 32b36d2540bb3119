package import Messages

/// An entry in the journal's native form: fields in one datagram, each `NAME=value` and a newline, or, where the value
/// itself has newlines, the name, a newline, the value's length in 64 bits and the value (systemd's
/// JOURNAL_NATIVE_PROTOCOL).
package struct JournalEntry: Equatable, Sendable {
    /// The datagram.
    package private(set) var bytes: [UInt8] = []

    /// The entry of a message. What stands in it is escaped as everywhere: a name can forge no field.
    package init(_ message: Message, instance: String?) {
        let diagnosis = message.diagnosis
        let severity = message.severity
        var text = "\(severity.name)[\(diagnosis.code.rawValue)]: \(Self.clipped(diagnosis.text))"
        if let hint = diagnosis.hint { text += "\nhint: \(Self.clipped(hint))" }
        add("MESSAGE", text)
        add("PRIORITY", String(severity.priority))
        add("SYSLOG_IDENTIFIER", "latchkey")
        if let identifier = diagnosis.code.journalID { add("MESSAGE_ID", identifier) }
        add("LATCHKEY_CODE", diagnosis.code.rawValue)
        let fields = [
            ("SECRET", diagnosis.secret), ("VAULT", diagnosis.vault), ("INSTANCE", instance), ("UNIT", diagnosis.unit),
        ]
        for (name, value) in fields {
            if let value { add("LATCHKEY_\(name)", Self.clipped(value)) }
        }
    }

    private static func clipped(_ text: String) -> String {
        PrintableText.clipped(text, to: PrintableText.lineLimit)
    }

    private mutating func add(_ name: String, _ value: String) {
        bytes += Array(name.utf8)
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            let count = UInt64(value.utf8.count)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += Array(value.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }
}
