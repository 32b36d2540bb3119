/// A list of variables: names, and prefixes with a star after them.
struct VariableNames: Sendable {
    private let names: Set<String>
    /// Indexed by first byte, because a bulk selection may find thousands of names.
    private let prefixes: [UInt8: [String]]

    init(_ words: String) {
        let all = words.split(whereSeparator: \.isWhitespace)
        names = Set(all.filter { $0.last != "*" }.map(String.init))
        prefixes = Dictionary(grouping: all.filter { $0.last == "*" }.map { String($0.dropLast()) }) {
            $0.utf8.first ?? 0
        }
    }

    /// Whether the list has the name, or a prefix of it.
    func matches(_ name: String) -> Bool {
        guard let first = name.utf8.first else { return false }
        return names.contains(name) || prefixes[first]?.contains { name.utf8.starts(with: $0.utf8) } == true
    }
}
