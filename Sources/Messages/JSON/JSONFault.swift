/// What is wrong with a JSON text; never the text itself.
package enum JSONFault: Error, Hashable, Sendable {
    /// The text is not JSON in UTF-8, from the byte at `offset` on.
    case syntax(offset: Int)
    case missing(String)
    /// A member of another type, or out of its range.
    case malformed(String)
    case duplicate(String)

    /// What is said of the text: "the answer … lacks 'value'".
    package var words: String {
        switch self {
        case .syntax: "is not JSON in UTF-8"
        case .missing(let name): "lacks '\(name)'"
        case .malformed(let name): "has a malformed '\(name)'"
        case .duplicate(let name): "has '\(name)' twice"
        }
    }
}
