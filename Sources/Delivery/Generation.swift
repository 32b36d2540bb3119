package import Secrets
package import SecretsDirectory

/// All files and variables of a run, by their slots in a set of secrets.
package struct Generation: Sendable, Equatable {
    /// One file.
    package struct File: Sendable, Equatable {
        /// Relative to the secrets directory.
        package var path: String
        package var content: SecretSet.Slot
        /// The permission bits; nil for the directory's own.
        package var mode: UInt32?

        package init(path: String, content: SecretSet.Slot, mode: UInt32? = nil) {
            self.path = path
            self.content = content
            self.mode = mode
        }
    }

    package var files: [File]
    package var environment: [EnvironmentAssignment]

    package init(files: [File] = [], environment: [EnvironmentAssignment] = []) {
        self.files = files
        self.environment = environment
    }

    /// Makes the files the directory's current generation. `EnvironmentBlock` writes the environment. With
    /// `keepingTarget` the target of a rollback stays the same. `untold`: names to note if files change.
    @discardableResult
    package func writeFiles(
        to directory: SecretsDirectory, from secrets: borrowing SecretSet, keepingTarget: Bool = false,
        untold: [String]? = nil
    ) throws(GenerationError) -> SecretsDirectory.Outcome {
        var targets: [GenerationFile] = []
        for file in files {
            targets.append(try GenerationFile(path: file.path, mode: file.mode, size: file.content.count))
        }
        return try directory.write(targets, keepingTarget: keepingTarget, untold: untold) {
            index, body throws(GenerationError) in
            try secrets.withBytes(of: files[index].content, body)
        }
    }
}
