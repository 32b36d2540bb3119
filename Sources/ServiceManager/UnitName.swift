/// Names of units, as the service manager gives them to control groups.
package enum UnitName {
    /// The unit that a process runs in, by its /proc/PID/cgroup (cgroups(7)); nil where it is in none.
    ///
    /// The manager's own hierarchy counts: the unified one, and on older systems the one named `systemd`. Where both
    /// name a unit it is the same one; where the manager does not use one of them, the process is in its root. Slices are
    /// not units of their own there; below a unit its own parts may lie (`.control`, a container's).
    package static func unit(ofControlGroups text: String) -> String? {
        var found: String?
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[1].isEmpty || fields[1] == "name=systemd", fields[2] != "/" else {
                continue
            }
            guard let unit = unit(ofPath: fields[2]), found == nil || found == unit else { return nil }
            found = unit
        }
        return found
    }

    private static func unit(ofPath path: Substring) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let part = parts.first(where: { !$0.hasSuffix(".slice") }) else { return nil }
        // What would be a file of the kernel's otherwise has an underscore before it (systemd's cg_escape).
        let name = part.first == "_" ? part.dropFirst() : part
        return name.contains(".") && name.first != "." ? String(name) : nil
    }
}
