/// The environment that Latchkey was started with, as raw bytes; it holds credentials and is never printed.
package struct InheritedEnvironment: Sendable {
    /// `NAME=VALUE`, in the order of the block.
    package let entries: [[UInt8]]

    package init(entries: [[UInt8]]) {
        self.entries = entries
    }

    /// An environment of text, as tests write it.
    package init(_ variables: KeyValuePairs<String, String>) {
        entries = variables.map { Array("\($0.key)=\($0.value)".utf8) }
    }

    /// The first value of that name, as getenv(3) finds it; nil without one.
    package func value(of name: String) -> ArraySlice<UInt8>? {
        let start = Array(name.utf8) + [UInt8(ascii: "=")]
        return entries.first { $0.starts(with: start) }?.dropFirst(start.count)
    }

    /// Names and values, without entries that have no `=`.
    var pairs: some Sequence<(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)> {
        entries.lazy.compactMap { entry in
            entry.firstIndex(of: UInt8(ascii: "=")).map { (entry[..<$0], entry[($0 + 1)...]) }
        }
    }
}

extension InheritedEnvironment: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(entries.count) variables" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
