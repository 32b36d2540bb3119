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
        var start = "{"
        start += field("time", time.rfc3339Milliseconds, 40) + ","
        start += field("level", message.severity.name, 16) + ","
        start += field("code", diagnosis.code.rawValue, 64)
        var end = ""
        let about = [
            ("secret", diagnosis.secret), ("vault", diagnosis.vault), ("unit", diagnosis.unit), ("instance", instance),
        ]
        for (name, value) in about {
            if let value { end += "," + field(name, value, 130) }
        }
        end += "}\n"

        // The message and its hint share what is left of the line; a short one leaves its part to the other.
        let frame = ",\"message\":\"\"".utf8.count + (diagnosis.hint == nil ? 0 : ",\"hint\":\"\"".utf8.count)
        let room = PrintableText.lineLimit - start.utf8.count - end.utf8.count - frame
        let hint = diagnosis.hint.map { PrintableText.json($0, to: room / 2) } ?? ""
        let text = PrintableText.json(diagnosis.text, to: room - hint.utf8.count)
        start += ",\"message\":\"\(text)\""
        if let whole = diagnosis.hint {
            start += ",\"hint\":\"\(PrintableText.json(whole, to: room - text.utf8.count))\""
        }
        return start + end
    }

    private func field(_ name: String, _ value: String, _ limit: Int) -> String {
        "\"\(name)\":\"\(PrintableText.json(value, to: limit))\""
    }
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
