/// The program's version.
package enum Release {
    /// What `latchkey --version` says, and what both programs must agree on.
    package static let version = "0.1.0"
}
