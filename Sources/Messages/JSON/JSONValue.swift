/// A JSON value to be written (RFC 8259).
///
/// No secret becomes one: texts are strings, which nobody wipes. Unprintable characters are escaped, so that what is
/// written can be shown on a terminal.
package enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A text, cut where it is longer than `limit` bytes as it is written.
    case text(String, limit: Int = .max)
    case array([JSONValue])
    /// Members in the order in which they are written.
    case object([(name: String, value: JSONValue)])
    /// JSON that somebody has written already.
    case written([UInt8])

    /// A text; `null` for nil.
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }

    /// A moment in RFC 3339; `null` for nil.
    package init(seconds: Int64?) { self.init(seconds.map { UTCTime(seconds: $0).rfc3339 }) }

    /// The value without members that are `null`, at any depth.
    package var withoutNulls: JSONValue {
        switch self {
        case .object(let members):
            .object(
                members.compactMap { member in
                    if case .null = member.value { nil } else { (member.name, member.value.withoutNulls) }
                })
        case .array(let elements): .array(elements.map(\.withoutNulls))
        default: self
        }
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { (name: $0.0, value: $0.1) })
    }

    package init(stringLiteral text: String) { self = .text(text) }

    package init(integerLiteral number: Int64) { self = .integer(number) }
}

// MARK: writing

extension JSONValue {
    /// The JSON text. The outer `levels` of objects and arrays have each member on a line of its own, indented for a
    /// value that stands `depth` levels deep itself; what is deeper stands on one line.
    package func bytes(levels: Int = 0, depth: Int = 0) -> [UInt8] {
        var text: [UInt8] = []
        write(to: &text, levels: levels, depth: depth)
        return text
    }

    /// A document for people as well: every member has a line of its own.
    package var document: [UInt8] { bytes(levels: .max) + [UInt8(ascii: "\n")] }

    private func write(to text: inout [UInt8], levels: Int, depth: Int) {
        switch self {
        case .null: text += "null".utf8
        case .boolean(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .text(let value, let limit): Self.quote(value, limit, to: &text)
        case .written(let bytes): text += bytes
        case .array(let elements):
            Self.list(elements, "[", "]", to: &text, levels, depth) { element, text in
                element.write(to: &text, levels: levels - 1, depth: depth + 1)
            }
        case .object(let members):
            Self.list(members, "{", "}", to: &text, levels, depth) { member, text in
                Self.quote(member.name, .max, to: &text)
                text += (levels > 0 ? ": " : ":").utf8
                member.value.write(to: &text, levels: levels - 1, depth: depth + 1)
            }
        }
    }

    private static func quote(_ value: String, _ limit: Int, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        text += PrintableText.json(value, to: limit).utf8
        text.append(UInt8(ascii: "\""))
    }

    private static func list<Element>(
        _ elements: [Element], _ opening: String, _ closing: String, to text: inout [UInt8], _ levels: Int,
        _ depth: Int, _ write: (Element, inout [UInt8]) -> Void
    ) {
        text += opening.utf8
        let isExpanded = levels > 0 && !elements.isEmpty
        func newLine(_ depth: Int) {
            guard isExpanded else { return }
            text.append(UInt8(ascii: "\n"))
            text += repeatElement(UInt8(ascii: " "), count: 2 * depth)
        }
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            newLine(depth + 1)
            write(element, &text)
        }
        newLine(depth)
        text += closing.utf8
    }
}
