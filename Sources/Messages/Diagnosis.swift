/// What went wrong, in words for people and codes for programs; never a value.
package struct Diagnosis: Error, Equatable, Sendable {
    /// The stable code.
    package var code: MessageCode
    /// What a command ends with when this ends it.
    package var exitCode: ExitCode
    /// One line, lower case, no full stop, user's strings in single quotes.
    package var text: String
    /// The next step, to be pasted where that is possible.
    package var hint: String?
    /// The secret's name, where the message is about one.
    package var secret: String?
    /// The vault's name, where the message is about one.
    package var vault: String?
    /// The service manager's unit, where the message is about one.
    package var unit: String?

    package init(
        _ code: MessageCode, exit exitCode: ExitCode, _ text: String, hint: String? = nil, secret: String? = nil,
        vault: String? = nil
    ) {
        self.code = code
        self.exitCode = exitCode
        self.text = text
        self.hint = hint
        self.secret = secret
        self.vault = vault
    }
}

/// An error that can say what it means to a person: every target's error type is one.
package protocol DiagnosableError: Error {
    /// The error in words, with its exit code and the next step.
    var diagnosis: Diagnosis { get }
}

extension Diagnosis {
    /// Runs `body` and throws its error in words.
    package static func of<Value: ~Copyable, Failure: DiagnosableError>(
        _ body: () throws(Failure) -> Value
    ) throws(Diagnosis) -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            throw error.diagnosis
        }
    }
}

extension Diagnosis: DiagnosableError {
    package var diagnosis: Diagnosis { self }
}
