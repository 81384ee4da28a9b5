# SPDX-License-Identifier: MIT
"""The app: INSTALLED_APPS = [..., "libmigrate.django"]."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import pre_migrate

from . import migrator, with_migrate


class LibmigrateConfig(AppConfig):  # type: ignore[misc]
    name = "libmigrate.django"
    label = "libmigrate"
    verbose_name = "libmigrate"

    def ready(self) -> None:
        from .checks import register

        register()
        with_models = [config for config in apps.get_app_configs() if config.models_module is not None]
        if with_models:  # once, and before the first of them
            pre_migrate.connect(self.before_django, sender=with_models[0])

    def before_django(self, using: str, **kwargs: Any) -> None:
        """With the setting with_migrate: Django's migrate, and so the making of databases for tests, begins with libmigrate's migrations.

        Tables that are there then are none that Django makes.
        """
        if with_migrate(using):
            with migrator(using) as opened:
                opened.apply()
