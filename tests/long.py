"""Tests that show more of what a quicker one shows: other tools, other kinds of change. `make test-long` runs them."""

from __future__ import annotations

from typing import Final

LONG: Final = frozenset(
    f"{file}::{name}"
    for file, names in {
        "tests/layers/infrastructure/checks/test_tests_bite.py": ("test_two_lanes_find_what_one_finds[regulation]",),
        "tests/layers/infrastructure/checks/test_rolls_back.py": (
            "test_django_goes_back_app_by_app[removed]",
            "test_django_goes_back_app_by_app[irreversible]",
            "test_a_downgrade_that_does_not_fails[wrong]",
            "test_a_downgrade_that_does_not_fails[refuses]",
            "test_a_downgrade_that_does_not_fails[pass]",
            "test_yoyo_goes_back_by_its_steps[none]",
        ),
        "tests/layers/infrastructure/test_migration_tools.py": (
            "test_a_tool_is_led_to_our_database[rewritten]",
            "test_a_tool_is_led_to_our_database[another name]",
            "test_a_tool_is_led_to_our_database[in its file]",
            "test_a_tool_is_led_to_our_database[in a folder]",
            "test_a_tool_is_led_to_our_database[another driver]",
            "test_a_setting_that_is_documented_is_given",
            "test_a_setting_that_is_nowhere_is_no_fault_of_the_migrations",
            "test_two_heads_are_one_database_all_the_same",
            "test_a_tool_for_another_database_is_left_alone",
            "test_a_tool_led_to_another_database_by_the_project_itself_is_unknown",
        ),
        "tests/layers/infrastructure/test_perturb.py": (
            "test_what_is_planted_is_named_and_nothing_else[two at once]",
            "test_what_is_planted_is_named_and_nothing_else[writes into its source]",
        ),
        "tests/layers/infrastructure/checks/test_survives_perturbation.py": (
            "test_a_demo_that_dislikes_a_value_we_made_up_is_not_blamed",
            "test_a_path_on_an_undeclared_standard_output_is_no_broken_promise",
        ),
        "tests/runs/test_attribute.py": (
            "test_the_projects_own_package_is_installed_anew_where_it_is_copied",
            "test_a_damaged_or_deleted_file_is_noticed",
            "test_code_and_setting_that_need_each_other_are_not_separated",
            "test_a_part_of_ones_own_is_a_factor",
            "test_columns_of_data_are_told_apart",
            "test_files_that_come_and_go_belong_to_the_change",
            "test_a_project_below_the_root_of_its_repository",
            "test_a_field_of_an_output_is_a_metric",
            "test_a_file_removed_meanwhile_is_written_again",
            "test_a_demo_on_one_side_alone_measures_both",
            "test_another_checkout_and_the_working_tree_are_sides",
        ),
        "tests/runs/test_attribute_restored.py": (
            "test_two_runs_of_a_dirty_checkout_are_compared_by_their_files",
            "test_packages_of_the_run_in_other_versions_are_said",
        ),
        "tests/runs/test_attribute_commits.py": (
            "test_spread_and_opposing_commits_on_the_way_back",
            "test_commits_of_locks_are_run_in_environments_of_their_own",
            "test_a_state_or_a_mixture_without_the_metric_is_one_that_does_not_run",
            "test_what_was_there_only_in_between_counts",
            "test_merges_are_one_step_and_a_merged_side_enters_with_its_merge",
        ),
        "tests/runs/test_record.py": ("test_a_server_is_attacked_while_it_is_answered_from_a_cassette[False-fails]",),
        "tests/cli/test_attribute_cli.py": ("test_killed_in_the_middle_nothing_is_lost",),
    }.items()
    for name in names
)
