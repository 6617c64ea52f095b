package dev.ridgeline.report;

/// What an element is made of.
sealed interface Part permits Markup, Markup.Attribute {}
