/// Where one value of a JSON text lies (RFC 8259): positions only, so that parsing a secret copies nothing of it.
///
/// A node is used with the text it was read from.
package struct JSONNode {
    package enum Kind {
        case object([Member])
        case array([JSONNode])
        case string
        case number
        case boolean(Bool)
        case null
    }

    package struct Member {
        /// The name with its quotation marks.
        package let name: Range<Int>
        package let value: JSONNode
    }

    package let kind: Kind
    /// The whole value, a string with its quotation marks.
    package let range: Range<Int>

    /// The values under a member's name, in the text's order; none where this is no object.
    package func members(named name: String, in text: Span<UInt8>) -> [JSONNode] {
        guard case .object(let members) = kind else { return [] }
        var found: [JSONNode] = []
        for member in members where JSONText.isString(member.name, equalTo: name, in: text) {
            found.append(member.value)
        }
        return found
    }

    /// A string's text; nil where this is no string.
    package func string(in text: Span<UInt8>) -> String? {
        guard case .string = kind else { return nil }
        return JSONText.string(range, in: text)
    }

    /// A number as it is written; nil where this is no number.
    package func number(in text: Span<UInt8>) -> String? {
        guard case .number = kind else { return nil }
        return String(decoding: range.map { text[$0] }, as: UTF8.self)
    }

    /// A number without fraction or exponent; nil where this is none, or beyond 64 bits.
    package func integer(in text: Span<UInt8>) -> Int64? {
        number(in: text).flatMap { Int64($0) }
    }

    /// Whether an object has two members of one name: readers differ in which of them counts.
    package func hasMemberTwice(in text: Span<UInt8>) -> Bool {
        guard case .object(let members) = kind else { return false }
        // Names that are written differently may be the same one.
        return Set(members.map { JSONText.string($0.name, in: text) }).count < members.count
    }
}
