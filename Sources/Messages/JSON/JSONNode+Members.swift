// The members of an answer's objects: `null` counts as absent, and a name that stands twice is a fault.
extension JSONNode {
    package func member(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> JSONNode? {
        let found = members(named: name, in: text)
        guard found.count < 2 else { throw .duplicate(name) }
        if case .null = found.first?.kind { return nil }
        return found.first
    }

    package func required(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> JSONNode {
        guard let node = try member(name, in: text) else { throw .missing(name) }
        return node
    }

    /// A member's text where it is one, and the last one where there are several: for what is compared or looked for
    /// only.
    package func lenientText(_ name: String, in text: Span<UInt8>) -> String? {
        members(named: name, in: text).last?.string(in: text)
    }

    package func text(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> String? {
        guard let node = try member(name, in: text) else { return nil }
        guard let value = node.string(in: text) else { throw .malformed(name) }
        return value
    }

    package func requiredText(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> String {
        guard let value = try self.text(name, in: text) else { throw .missing(name) }
        return value
    }

    /// A number without fraction or exponent, within the bounds of its type.
    package func integer<Value: FixedWidthInteger>(
        _ name: String, in text: Span<UInt8>
    ) throws(JSONFault) -> Value? {
        guard let node = try member(name, in: text) else { return nil }
        guard let value = node.integer(in: text).flatMap({ Value(exactly: $0) }) else { throw .malformed(name) }
        return value
    }

    package func requiredInteger<Value: FixedWidthInteger>(
        _ name: String, in text: Span<UInt8>
    ) throws(JSONFault) -> Value {
        guard let value: Value = try integer(name, in: text) else { throw .missing(name) }
        return value
    }

    package func flag(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> Bool? {
        guard let node = try member(name, in: text) else { return nil }
        guard case .boolean(let value) = node.kind else { throw .malformed(name) }
        return value
    }

    /// The elements of an array that must be there.
    package func elements(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> [JSONNode] {
        guard case .array(let elements) = try required(name, in: text).kind else { throw .malformed(name) }
        return elements
    }

    /// An object whose members are texts.
    package func texts(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> [String: String] {
        guard let node = try member(name, in: text) else { return [:] }
        guard case .object(let members) = node.kind else { throw .malformed(name) }
        var texts: [String: String] = [:]
        for member in members {
            if case .null = member.value.kind { continue }
            guard let value = member.value.string(in: text) else { throw .malformed(name) }
            guard texts.updateValue(value, forKey: JSONText.string(member.name, in: text)) == nil else {
                throw .duplicate(name)
            }
        }
        return texts
    }
}
