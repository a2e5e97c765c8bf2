//! Names of groups and streams as the service takes them.

/// Characters of a name.
pub const MAX_NAME_CHARS: usize = 512;

/// Whether a group's name may hold the character.
pub fn fits_group(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '/' | '.' | '#')
}

/// Whether a stream's name may hold the character.
pub fn fits_stream(character: char) -> bool {
    // Control characters could not be seen in any console, and the service takes none of them for certain.
    !matches!(character, ':' | '*') && !character.is_control()
}
