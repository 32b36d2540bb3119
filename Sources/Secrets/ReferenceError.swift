/// Why a text is no reference or no vault's address. It quotes nothing of the text, which may be anything.
package struct ReferenceError: Error, Hashable, Sendable {
    package enum Problem: Hashable, Sendable {
        case syntax
        /// A bare name, and there is no default vault.
        case vaultMissing
    }

    package let problem: Problem
    /// The rule that is broken: `a name has 1 to 127 letters, digits and hyphens`.
    package let reason: String
    /// Where in the text, counted in bytes from 0.
    package let offset: Int

    package init(_ reason: String, at offset: Int, problem: Problem = .syntax) {
        self.problem = problem
        self.reason = reason
        self.offset = offset
    }
}
