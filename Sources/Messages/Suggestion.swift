/// What somebody who mistyped a name may have meant.
package enum Suggestion {
    /// The candidate nearest to `word`, if one is near enough to be worth saying; case is not compared.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(word.lowercased().utf8)
        guard !typed.isEmpty, typed.count <= 128 else { return nil }
        var best: (distance: Int, candidate: String)?
        for candidate in candidates {
            let known = Array(candidate.lowercased().utf8)
            let limit = max(1, min(3, min(typed.count, known.count) / 3))
            var distance = editDistance(typed, known)
            if distance > limit, isPart(typed, of: known) { distance = limit }
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.candidate
    }

    /// Whether the word is a candidate's beginning or end, left incomplete: `refr`, `timeout`.
    private static func isPart(_ word: [UInt8], of candidate: [UInt8]) -> Bool {
        word.count >= 4 && (candidate.starts(with: word) || candidate.suffix(word.count).elementsEqual(word))
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours between two words
    /// (the restricted Damerau-Levenshtein distance).
    package static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1..<(left.count + 1) {
            var current = [row]
            current.reserveCapacity(right.count + 1)
            for column in 1..<(right.count + 1) {
                let cost = left[row - 1] == right[column - 1] ? 0 : 1
                var distance = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + cost)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    distance = min(distance, beforeLast[column - 2] + 1)
                }
                current.append(distance)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
