//! The colours of the dashboard.

/// The colours a person has chosen; kept in a cookie, so that the first HTML already has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// What it begins with.
    const COOKIE: &str = "theme=";

    /// The name in the cookie, in the page and in its form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name; the system's where there is none.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|it| it.as_str() == name).unwrap_or_default()
    }

    /// The cookie that keeps it for a year, as the server sends it and a page sets it.
    pub fn cookie(self) -> String {
        [Self::COOKIE, self.as_str(), "; Path=/; Max-Age=31536000; SameSite=Lax"].concat()
    }

    /// What a request's `Cookie` header says.
    pub fn of_cookies(cookies: &str) -> Self {
        let value = cookies.split(';').find_map(|it| it.trim().strip_prefix(Self::COOKIE));
        Self::named(value.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_is_one_cookie_among_others() {
        for (cookies, theme) in [
            ("theme=dark", Theme::Dark),
            ("a=b; theme=light; c=d", Theme::Light),
            ("mytheme=dark", Theme::System),
            ("theme=pink", Theme::System),
            ("", Theme::System),
        ] {
            assert_eq!(Theme::of_cookies(cookies), theme, "{cookies}");
        }
    }

    #[test]
    fn a_cookie_that_was_set_is_read_again() {
        for theme in Theme::ALL {
            assert_eq!(Theme::of_cookies(&theme.cookie()), theme);
        }
    }
}
