import Messages

/// A JSON pointer (RFC 6901): the way to one value in a JSON text.
struct JSONPointer {
    /// The names and indices on the way, with `~1` and `~0` resolved.
    let steps: [String]

    /// Reads a pointer as it stands behind `#`; nil where it is none. The empty pointer names the whole text.
    init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/") else { return nil }
        var steps: [String] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let step = Self.unescaped(part) else { return nil }
            steps.append(step)
        }
        self.steps = steps
    }

    private static func unescaped(_ part: Substring) -> String? {
        var step = ""
        var rest = part.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "~" else {
                step.unicodeScalars.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "0": step.unicodeScalars.append("~")
            case "1": step.unicodeScalars.append("/")
            default: return nil
            }
        }
        return step
    }

    /// The value that the pointer names; nil where there is none. Of several members of one name the last one
    /// counts, as in the JSON parsers of most languages.
    func resolve(from root: JSONNode, in text: Span<UInt8>) -> JSONNode? {
        var node = root
        for step in steps {
            switch node.kind {
            case .object:
                guard let member = node.members(named: step, in: text).last else { return nil }
                node = member
            case .array(let elements):
                guard let index = Self.index(step), elements.indices.contains(index) else { return nil }
                node = elements[index]
            case .string, .number, .boolean, .null:
                return nil
            }
        }
        return node
    }

    /// Digits without a leading zero (RFC 6901, 4); `-`, the element behind the last, never exists here.
    private static func index(_ step: String) -> Int? {
        guard !step.isEmpty, step.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            step == "0" || !step.hasPrefix("0")
        else { return nil }
        return Int(step)
    }
}
