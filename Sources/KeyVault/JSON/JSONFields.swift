/// The members of an answer's objects; `null` counts as absent, and a name that stands twice is a fault.
extension JSONNode {
    func member(_ name: String, in text: Span<UInt8>) throws(VaultError.AnswerFault) -> JSONNode? {
        guard case .object(let members) = kind else { return nil }
        var found: JSONNode?
        for member in members where JSONText.isString(member.name, equalTo: name, in: text) {
            guard found == nil else { throw .duplicate(name) }
            found = member.value
        }
        if case .null = found?.kind { return nil }
        return found
    }

    func required(_ name: String, in text: Span<UInt8>) throws(VaultError.AnswerFault) -> JSONNode {
        guard let node = try member(name, in: text) else { throw .missing(name) }
        return node
    }

    func text(_ name: String, in text: Span<UInt8>) throws(VaultError.AnswerFault) -> String? {
        guard let node = try member(name, in: text) else { return nil }
        guard let value = node.string(in: text) else { throw .malformed(name) }
        return value
    }

    func integer(_ name: String, in text: Span<UInt8>) throws(VaultError.AnswerFault) -> Int64? {
        guard let node = try member(name, in: text) else { return nil }
        guard let value = node.integer(in: text) else { throw .malformed(name) }
        return value
    }

    func flag(_ name: String, in text: Span<UInt8>) throws(VaultError.AnswerFault) -> Bool? {
        guard let node = try member(name, in: text) else { return nil }
        guard case .boolean(let value) = node.kind else { throw .malformed(name) }
        return value
    }

    /// An object whose members are texts.
    func texts(_ name: String, in text: Span<UInt8>) throws(VaultError.AnswerFault) -> [String: String] {
        guard let node = try member(name, in: text) else { return [:] }
        guard case .object(let members) = node.kind else { throw .malformed(name) }
        var texts: [String: String] = [:]
        for member in members {
            let key = JSONNode(kind: .string, range: member.name)
            if case .null = member.value.kind { continue }
            guard let key = key.string(in: text), let value = member.value.string(in: text) else {
                throw .malformed(name)
            }
            guard texts.updateValue(value, forKey: key) == nil else { throw .duplicate(name) }
        }
        return texts
    }
}
