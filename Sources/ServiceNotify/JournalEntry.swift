package import Messages

/// An entry in the journal's native form: fields in one datagram, each `NAME=value` and a newline, or, where the value
/// itself has newlines, the name, a newline, the value's length in 64 bits and the value (systemd's
/// JOURNAL_NATIVE_PROTOCOL).
package struct JournalEntry: Equatable, Sendable {
    /// The fields in their order.
    package let fields: [Field]

    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    /// The datagram.
    package var bytes: [UInt8] { fields.flatMap { Self.bytes($0.name, $0.value) } }

    /// The entry of a message. What stands in it is escaped as everywhere: a name can forge no field.
    package init(_ message: Message, instance: String?) {
        let diagnosis = message.diagnosis
        let severity = message.severity
        var text = "\(severity.name)[\(diagnosis.code.rawValue)]: \(Self.clipped(diagnosis.text))"
        if let hint = diagnosis.hint { text += "\nhint: \(Self.clipped(hint))" }
        var fields = [
            Field(name: "MESSAGE", value: text), Field(name: "PRIORITY", value: String(severity.priority)),
            Field(name: "SYSLOG_IDENTIFIER", value: "latchkey"),
        ]
        let further = [
            ("MESSAGE_ID", diagnosis.code.journalID), ("LATCHKEY_CODE", diagnosis.code.rawValue),
            ("LATCHKEY_SECRET", diagnosis.secret), ("LATCHKEY_VAULT", diagnosis.vault), ("LATCHKEY_INSTANCE", instance),
            ("LATCHKEY_UNIT", diagnosis.unit),
        ]
        for (name, value) in further {
            if let value { fields.append(Field(name: name, value: Self.clipped(value))) }
        }
        self.fields = fields
    }

    private static func clipped(_ text: String) -> String {
        PrintableText.clipped(text, to: PrintableText.lineLimit)
    }

    private static func bytes(_ name: String, _ value: String) -> [UInt8] {
        var bytes = Array(name.utf8)
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            let count = UInt64(value.utf8.count)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        return bytes + Array(value.utf8) + [UInt8(ascii: "\n")]
    }
}
