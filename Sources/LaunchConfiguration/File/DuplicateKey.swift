/// A key that is given twice.
///
/// The parser reports where the second one is. The first one is looked up in the text before it, which is parsed again.
struct DuplicateKey {
    /// The key as written the second time, up to the duplicate part.
    let path: [String]
    let first: TextLocation
    let second: TextLocation

    /// Nil if the problem is another one.
    init?(_ problem: TOMLDocument.Problem, in locations: TextLocations) {
        guard problem.reason.hasPrefix("cannot redefine existing ") else { return nil }
        switch problem.scope {
        case "table header": self.init(header: problem.location, in: locations)
        case "key-value pair": self.init(key: problem.location, in: locations)
        default: return nil
        }
    }

    /// `[a.b]`: the place is where the header begins, or behind the header's line.
    private init?(header location: TextLocation, in locations: TextLocations) {
        let isBehind = location.column == 1 && locations.line(location.line).first != UInt8(ascii: "[")
        let line = isBehind ? location.line - 1 : location.line
        let header = locations.line(line)
        guard let before = try? TOMLDocument(Array(locations.text[..<header.startIndex])),
            let after = try? TOMLDocument(Array(header))
        else { return nil }
        self.init(Self.path(after.root), in: before.root) { TextLocation(line: line, column: $0.column) }
    }

    /// `a.b = value`: the place is where the value begins.
    private init?(key location: TextLocation, in locations: TextLocations) {
        let line = locations.line(location.line)
        guard let end = line[..<locations.offset(of: location)].lastIndex(of: UInt8(ascii: "=")) else { return nil }
        let start = Self.keyStart(before: end, in: line)
        // A unique key replaces the second one, to find the table that it belongs to.
        let stand = "\"\\u0000\"=0"
        guard let key = try? TOMLDocument(locations.text[start..<end] + Array("=0".utf8)),
            let table = TOMLDocument.beginning(locations.text[..<start] + Array(stand.utf8))?.root.table(holding: "\0")
        else { return nil }
        let column = locations[start].column
        self.init(Self.path(key.root), in: table) { TextLocation(line: location.line, column: column + $0.column - 1) }
    }

    private init?(
        _ path: [ConfigurationNode.Member], in table: ConfigurationNode, location: (TextLocation) -> TextLocation
    ) {
        var table = table
        var taken: [(first: TextLocation, second: ConfigurationNode.Member)] = []
        for part in path {
            guard let member = table.members.first(where: { $0.key == part.key }) else { break }
            taken.append((member.keyLocation, part))
            table = member.node.latest
        }
        guard let last = taken.last else { return nil }
        self.path = taken.map(\.second.key)
        first = last.first
        second = location(last.second.keyLocation)
    }

    /// The only key of a document with its parts.
    private static func path(_ root: ConfigurationNode) -> [ConfigurationNode.Member] {
        var path: [ConfigurationNode.Member] = []
        var table = root
        while let member = table.members.first {
            path.append(member)
            table = member.node.latest
        }
        return path
    }

    /// The beginning of the key that ends at an offset of the line.
    private static func keyStart(before end: Int, in line: ArraySlice<UInt8>) -> Int {
        var start = end
        while start > line.startIndex {
            let byte = line[start - 1]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                guard let quote = line[..<(start - 1)].lastIndex(of: byte) else { break }
                start = quote
            } else if byte.isBareKeyByte || " \t.".utf8.contains(byte) {
                start -= 1
            } else {
                break
            }
        }
        while start < end, " \t".utf8.contains(line[start]) { start += 1 }
        return start
    }
}

extension ConfigurationNode {
    fileprivate var members: [Member] {
        if case .table(let members) = value { members } else { [] }
    }

    /// The table that a header continues: for an array of tables the last one.
    fileprivate var latest: ConfigurationNode {
        if case .array(let elements) = value, let last = elements.last { last } else { self }
    }

    /// The table that has a key, this one or one below it.
    fileprivate func table(holding key: String) -> ConfigurationNode? {
        if members.contains(where: { $0.key == key }) { return self }
        let inner = if case .array(let elements) = value { elements } else { members.map(\.node) }
        for node in inner {
            if let table = node.table(holding: key) { return table }
        }
        return nil
    }
}
