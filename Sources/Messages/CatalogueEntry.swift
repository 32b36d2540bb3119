/// What the catalogue says of a message code, for the documentation and for whoever looks a code up.
package struct CatalogueEntry: Sendable, Equatable {
    /// How much it matters where it is usually said.
    package let severity: Severity
    /// What a command ends with when this ends it, as a rule; nil where it ends nothing.
    package let exitCode: ExitCode?
    /// What has happened, in one sentence.
    package let meaning: String
    /// What to do about it, in one sentence.
    package let remedy: String
}

extension CatalogueEntry {
    static func error(_ exitCode: ExitCode, _ meaning: String, _ remedy: String) -> CatalogueEntry {
        CatalogueEntry(severity: .error, exitCode: exitCode, meaning: meaning, remedy: remedy)
    }

    static func warning(_ meaning: String, _ remedy: String) -> CatalogueEntry {
        CatalogueEntry(severity: .warning, exitCode: nil, meaning: meaning, remedy: remedy)
    }

    static func info(_ meaning: String, _ remedy: String = "nothing is to be done") -> CatalogueEntry {
        CatalogueEntry(severity: .info, exitCode: nil, meaning: meaning, remedy: remedy)
    }
}
