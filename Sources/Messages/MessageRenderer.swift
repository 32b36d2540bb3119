/// Writes messages as users and machines read them (latchkey(1), MESSAGES).
package struct MessageRenderer: Sendable {
    package var format: MessageFormat
    /// Whether severities are coloured; only text is.
    package var colour: Bool
    /// The instance's name, for JSON.
    package var instance: String?

    package init(format: MessageFormat, colour: Bool = false, instance: String? = nil) {
        self.format = format
        self.colour = colour
        self.instance = instance
    }

    /// The message's lines, each at most 1 KiB and ended by a newline.
    ///
    /// `journal` is the text with the priority in front that the journal takes from a stream (sd-daemon(3)).
    package func render(_ message: Message, at time: UTCTime) -> String {
        switch format {
        case .text: text(message, prefix: "")
        case .journal: text(message, prefix: "<\(message.severity.priority)>")
        case .json: json(message, at: time)
        }
    }

    // MARK: text

    private func text(_ message: Message, prefix: String) -> String {
        let severity = message.severity
        let label = painted("\(severity.name)[\(message.diagnosis.code.rawValue)]:", severity.colour, prefix)
        var lines = line(prefix + "latchkey: " + label + " ", message.diagnosis.text)
        if let hint = message.diagnosis.hint {
            lines += line(prefix + "latchkey: " + painted("hint:", "36", prefix) + " ", hint)
        }
        return lines
    }

    private func line(_ start: String, _ text: String) -> String {
        start + PrintableText.clipped(text, to: PrintableText.lineLimit - start.utf8.count - 1) + "\n"
    }

    private func painted(_ text: String, _ code: String, _ prefix: String) -> String {
        colour && prefix.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }

    // MARK: JSON

    private func json(_ message: Message, at time: UTCTime) -> String {
        let diagnosis = message.diagnosis
        func line(_ text: JSONValue, _ hint: JSONValue) -> JSONValue {
            let fields: JSONValue = [
                "time": .text(time.rfc3339Milliseconds), "level": .text(message.severity.name),
                "code": .text(diagnosis.code.rawValue, limit: 64), "message": text, "hint": hint,
                "secret": Self.name(diagnosis.secret), "vault": Self.name(diagnosis.vault),
                "unit": Self.name(diagnosis.unit), "instance": Self.name(instance),
            ]
            return fields.withoutNulls
        }
        // The message and its hint share what is left of the line; a short one leaves its part to the other.
        let frame = line("", diagnosis.hint == nil ? .null : "").bytes().count
        let room = PrintableText.lineLimit - frame - 1
        let hint = diagnosis.hint.map { PrintableText.json($0, to: room / 2) } ?? ""
        let text = PrintableText.json(diagnosis.text, to: room - hint.utf8.count)
        let whole = line(
            .text(diagnosis.text, limit: room - hint.utf8.count),
            diagnosis.hint.map { .text($0, limit: room - text.utf8.count) } ?? .null)
        return String(decoding: whole.bytes(), as: UTF8.self) + "\n"
    }

    private static func name(_ name: String?) -> JSONValue { name.map { .text($0, limit: 130) } ?? .null }
}

extension Severity {
    /// The terminal's code for the severity (ECMA-48, SGR).
    fileprivate var colour: String {
        switch self {
        case .error: "1;31"
        case .warning: "1;33"
        case .info: "32"
        case .debug: "2"
        }
    }
}
